import { clipped } from "./clipped.ts";

export { clipped };

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
