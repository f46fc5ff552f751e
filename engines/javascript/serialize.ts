/** Values on their way out of the sandbox. */
import { NO_BYTES } from "../../sdk/bytes.ts";
import type { Payload } from "../../sdk/payload.ts";
import { writeWithBytes } from "../../sdk/payload_writer.ts";
import { bytesSeen } from "./bytes_seen.ts";

// A program may replace what it likes: the engine keeps what it needs.
const { stringify } = JSON;

/** What an error repeats of a key. */
const KEY_CHARACTERS_AT_MOST = 200;

/** Thrown for a value that has no JSON. */
export class InvalidResult extends Error {
  override readonly name = "InvalidResult";
}

/**
 * A value as JSON text with its bytes beside it, by the language's own rules; nothing is `null`.
 *
 * @throws {InvalidResult} naming the path and the type of what has no JSON.
 */
export function serialize(value: unknown, subject: string): Payload {
  const given = value ?? null;
  try {
    let json: string | undefined;
    if (!bytesSeen(() => json = stringify(given))) {
      if (json === undefined) {
        throw new InvalidResult(`${subject} is a ${typeof value}, which has no JSON`);
      }
      return { json, bytes: NO_BYTES };
    }
    return writeWithBytes(given);
  } catch (thrown) {
    if (thrown instanceof InvalidResult) throw thrown;
    const problem = findProblem(value, subject, []);
    // Nothing in the value is to blame: a `toJSON` or a getter threw.
    if (problem === undefined) throw thrown;
    throw new InvalidResult(problem);
  }
}

function findProblem(value: unknown, path: string, above: unknown[]): string | undefined {
  if (typeof value === "bigint") return `${path} is a bigint, which has no JSON`;
  if (typeof value !== "object" || value === null) return undefined;
  if (above.includes(value)) return `${path} is a circular reference, which has no JSON`;
  if (ArrayBuffer.isView(value)) return undefined;
  if ("toJSON" in value && typeof value.toJSON === "function") return undefined;
  const entries = Array.isArray(value) ? value.entries() : Object.entries(value);
  for (const [key, member] of entries) {
    const step = typeof key === "number" ? `[${key}]` : `.${key.slice(0, KEY_CHARACTERS_AT_MOST)}`;
    const problem = findProblem(member, path + step, [...above, value]);
    if (problem !== undefined) return problem;
  }
  return undefined;
}
