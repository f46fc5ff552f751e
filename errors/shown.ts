import { clipped } from "./clipped.ts";

export { clipped };

/** An untrusted value as JSON for messages, cut if it is long. */
export function shown(value: unknown): string {
  let text: string;
  try {
    text = JSON.stringify(value, (_, member) =>
      typeof member === "bigint" ? `${member}` : member) ??
      String(value);
  } catch {
    // It is circular, or nested too deeply.
    text = Array.isArray(value) ? "[…]" : "{…}";
  }
  return clipped(text);
}
