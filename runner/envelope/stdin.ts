/** `stdin`: what a task reads from its standard input. */
import { CapsuleError } from "../../errors/error.ts";
import { invalidArgument } from "../../errors/invalid.ts";

/** As much as arguments may be by default. */
const BYTES_AT_MOST = 64 * 2 ** 20;
/** Arguments of a function. */
const PIECE = 1 << 13;

/**
 * Standard input as requests carry it: each character is a byte.
 *
 * @throws {CapsuleError} `invalid_argument`.
 */
export function encodeStdin(value: unknown): string | undefined {
  if (value === undefined) return undefined;
  const bytes = typeof value === "string" ? encoder.encode(value) : value;
  if (!(bytes instanceof Uint8Array)) {
    throw invalidArgument("stdin", { expected: "a string or a Uint8Array", value });
  }
  if (bytes.length > BYTES_AT_MOST) {
    throw new CapsuleError(
      "invalid_argument",
      `has ${bytes.length} bytes, more than ${BYTES_AT_MOST}`,
      { option: "stdin" },
    );
  }
  let text = "";
  for (let start = 0; start < bytes.length; start += PIECE) {
    text += String.fromCharCode(...bytes.subarray(start, start + PIECE));
  }
  return text;
}

/**
 * What {@link encodeStdin} made, as bytes.
 *
 * @throws {CapsuleError} `invalid_argument`.
 */
export function decodeStdin(text: unknown): Uint8Array | undefined {
  if (text === undefined) return undefined;
  if (typeof text !== "string" || /[^\0-\xff]/.test(text)) {
    throw invalidArgument("stdin", { expected: "a string whose characters are bytes" });
  }
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

const encoder = new TextEncoder();
