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
export function clipped(text: string, lengthAtMost = LENGTH_AT_MOST): string {
  if (text.length <= lengthAtMost) return text;
  // Not in the middle of a character.
  return `${text.slice(0, lengthAtMost).toWellFormed().replace(/\ufffd$/, "")}…`;
}

/** The path of a file, cut where it is longer than one that somebody reads. */
export function clippedPath(path: string): string {
  return clipped(path, PATH_LENGTH_AT_MOST);
}

const LENGTH_AT_MOST = 150;
const PATH_LENGTH_AT_MOST = 500;
