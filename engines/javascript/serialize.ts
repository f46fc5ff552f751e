/** Converts values to JSON for the host. */
import { bytesOf } from "../../sdk/bytes.ts";
import type { Payload } from "../../sdk/payload.ts";
import { writeWithBytes } from "../../sdk/payload_writer.ts";
import { Buffer } from "./node/buffer.ts";

// Kept before a program can replace them.
const { stringify } = JSON;
const { defineProperty } = Object;
const { apply } = Reflect;

/** The most that an error repeats of a key. */
const KEY_CHARACTERS_AT_MOST = 200;

/** Thrown for a value that JSON cannot represent. */
export class InvalidResult extends Error {
  override readonly name = "InvalidResult";
}

/**
 * What is known of bytes in the value that is written now. `JSON.stringify` asks every object for its `toJSON` anyway:
 * values without bytes cost nothing more.
 */
let watching: "off" | "on" | "seen" = "off";
/** Ends `JSON.stringify`, which would write each byte as a number. */
const SEEN = {};

/**
 * A value as JSON text, by the language's own rules; nothing is `null`. With its bytes beside it, if it has any.
 *
 * @throws {InvalidResult} naming the path and the type of what has no JSON.
 */
export function serialize(value: unknown, subject: string): string | Payload {
  // A getter of a value may call a task.
  const outer = watching;
  let json: string | undefined;
  watching = "on";
  try {
    json = stringify(value ?? null);
  } catch (thrown) {
    // A program's own code may have caught it, and thrown something else.
    if (watching === "on") {
      watching = outer;
      throw problemOf(thrown, value, subject);
    }
  }
  const isSeen = watching !== "on";
  watching = outer;
  if (isSeen) return serializeWithBytes(value, subject);
  if (json !== undefined) return json;
  throw new InvalidResult(`${subject} is a ${typeof value}, which has no JSON`);
}

function serializeWithBytes(value: unknown, subject: string): Payload {
  // To a getter, nothing is special any more.
  const outer = watching;
  watching = "off";
  try {
    return writeWithBytes(value);
  } catch (thrown) {
    throw problemOf(thrown, value, subject);
  } finally {
    watching = outer;
  }
}

/** What is wrong with the value, or what was thrown, if nothing is to blame in it: a `toJSON` or a getter threw. */
function problemOf(thrown: unknown, value: unknown, subject: string): unknown {
  const problem = findProblem(value, subject, []);
  return problem === undefined ? thrown : new InvalidResult(problem);
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

function look(value: unknown): void {
  if (watching === "off" || bytesOf(value) === undefined) return;
  watching = "seen";
  throw SEEN;
}

for (const prototype of [Uint8Array.prototype, ArrayBuffer.prototype]) {
  let own: unknown;
  defineProperty(prototype, "toJSON", {
    configurable: true,
    get() {
      look(this);
      return own;
    },
    // As if it were a usual property, which a program may set.
    set(value) {
      if (this === prototype) own = value;
      else {
        defineProperty(this, "toJSON", {
          value,
          writable: true,
          enumerable: true,
          configurable: true,
        });
      }
    },
  });
}

const { toJSON } = Buffer.prototype;
Buffer.prototype.toJSON = function (...args: []) {
  look(this);
  return apply(toJSON, this, args);
};
