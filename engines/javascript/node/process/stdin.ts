/** Standard input of the task that the host called. */
import { Operation } from "../../operations.ts";

let rest: Uint8Array | undefined;

/** The next bytes, at most so many. None at the end. */
export function readStdin(length: number): Uint8Array {
  if (rest === undefined) {
    const { bytes } = new Operation("stdin", "null").wait();
    // Top-level code has none, and a task of its image may have some.
    if (bytes.length === 0) return bytes;
    rest = bytes;
  }
  const part = rest.subarray(0, length);
  rest = rest.subarray(part.length);
  return part;
}
