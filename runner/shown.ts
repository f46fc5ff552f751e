/** A value as JSON, cut where it is long: it may be anybody's. */
export function shown(value: unknown): string {
  let text: string;
  try {
    text = JSON.stringify(value, (_, member) =>
      typeof member === "bigint" ? `${member}` : member) ??
      String(value);
  } catch {
    // It is too deep, or holds itself.
    text = Array.isArray(value) ? "[…]" : "{…}";
  }
  return clipped(text);
}

/** Text, cut where it is longer than any name of a task. */
export function clipped(text: string): string {
  if (text.length <= LENGTH_AT_MOST) return text;
  // Not in the middle of a character.
  return `${text.slice(0, LENGTH_AT_MOST).toWellFormed().replace(/\ufffd$/, "")}…`;
}

const LENGTH_AT_MOST = 150;
