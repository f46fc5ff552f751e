import { CapsuleError } from "../../errors/error.ts";
import { platform } from "../../platform/mod.ts";

/** The largest program or argument that a run accepts. */
const BYTES_AT_MOST = 256 * 2 ** 20;

/**
 * Reads all of standard input.
 *
 * @param what The option or argument that needs it, for messages.
 * @throws {CapsuleError} `invalid_argument`, if it is larger than any run accepts; its writer may never end.
 */
export async function readInput(what: string): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of platform.input()) {
    length += part.length;
    if (length > BYTES_AT_MOST) {
      throw new CapsuleError(
        "invalid_argument",
        `${what}: standard input has more than ${BYTES_AT_MOST >> 20} MB`,
      );
    }
    parts.push(new Uint8Array(part));
  }
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
