/**
 * Values as JSON text with their bytes beside it. Without bytes, the text is plain JSON. With bytes,
 * `{"$bytes":[offset,length]}` stands for some of them, and an object of one key that could be taken for that, `$bytes`
 * after any number of `$`, gains a `$` in the text, and loses it when it is read.
 */
import { copyOf, dollarsOf, lengthOf, mayBeBytes, NO_BYTES, type Payload } from "./bytes.ts";
import { writeWithBytes } from "./payload_writer.ts";

export type { Payload } from "./bytes.ts";

// A program in a sandbox may replace what it likes: this has to work all the same.
const { isArray } = Array;
const { keys } = Object;
const { parse, stringify } = JSON;
const call = Function.prototype.call;
const slice = call.bind(String.prototype.slice) as (text: string, start: number) => string;

/** Deeper than this, nobody looks for bytes beforehand. */
const DEPTH_AT_MOST = 32;

/**
 * Encodes a value by the rules of `JSON.stringify`, with the bytes of every `Uint8Array` and `ArrayBuffer` in it.
 *
 * @throws {TypeError} for what has no JSON. What a `toJSON` or a getter throws.
 */
export function encode(value: unknown): Payload {
  if (mayHoldBytes(value, 0)) return writeWithBytes(value);
  return { json: stringify(value) ?? "null", bytes: NO_BYTES };
}

/** The value that a payload holds. Its placeholders were checked before. */
export function decode({ json, bytes }: Payload): unknown {
  const value = parse(json);
  return lengthOf(bytes) > 0 ? revive(value, bytes) : value;
}

function mayHoldBytes(value: unknown, depth: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  if (depth > DEPTH_AT_MOST || mayBeBytes(value)) return true;
  // It may return anything.
  if (typeof (value as { toJSON?: unknown }).toJSON === "function") return true;
  if (isArray(value)) {
    for (let index = 0; index < value.length; index++) {
      if (mayHoldBytes(value[index], depth + 1)) return true;
    }
    return false;
  }
  for (const key in value) {
    if (mayHoldBytes((value as Record<string, unknown>)[key], depth + 1)) return true;
  }
  return false;
}

/** Puts bytes in the place of their placeholders. What comes from `JSON.parse` has plain members alone. */
function revive(value: unknown, bytes: Uint8Array): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (isArray(value)) {
    for (let index = 0; index < value.length; index++) {
      if (typeof value[index] === "object") value[index] = revive(value[index], bytes);
    }
    return value;
  }
  const members = value as Record<string, unknown>;
  const names = keys(members);
  if (names.length === 1) {
    const name = names[0]!;
    const dollars = dollarsOf(name);
    if (dollars === 1) return bytesAt(members[name], bytes);
    if (dollars > 1) return { [slice(name, 1)]: revive(members[name], bytes) };
  }
  for (let index = 0; index < names.length; index++) {
    const name = names[index]!;
    if (typeof members[name] === "object") members[name] = revive(members[name], bytes);
  }
  return value;
}

function bytesAt(place: unknown, bytes: Uint8Array): Uint8Array {
  const { 0: offset, 1: length } = place as [number, number];
  // All there are: no copy.
  return length > 0 && length === lengthOf(bytes) ? bytes : copyOf(bytes, offset, length);
}
