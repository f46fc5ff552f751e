/**
 * Encodes values as JSON text plus bytes. Without bytes, the text is plain JSON. With bytes, `{"$bytes":[offset,length]}`
 * is the placeholder of a byte array. An object whose only key is `$bytes` or `$$bytes`, `$$$bytes`, … gets one more `$`
 * when written, which is removed when read.
 */
import { copyOf, dollarsOf, lengthOf, mayBeBytes, NO_BYTES, type Payload } from "./bytes.ts";
import { writeWithBytes } from "./payload_writer.ts";

export type { Payload } from "./bytes.ts";

// Programs in a sandbox can replace built-in objects, so the originals are saved here.
const { isArray } = Array;
const { keys } = Object;
const { parse, stringify } = JSON;
const call = Function.prototype.call;
const slice = call.bind(String.prototype.slice) as (text: string, start: number) => string;

/** Below this depth, a value is assumed to hold bytes. */
const DEPTH_AT_MOST = 32;

/**
 * Encodes a value by the rules of `JSON.stringify`, with the bytes of every `Uint8Array` and `ArrayBuffer` in it.
 *
 * @throws {TypeError} for a value without JSON. Also whatever a `toJSON` or a getter throws.
 */
export function encode(value: unknown): Payload {
  if (mayHoldBytes(value, 0)) return writeWithBytes(value);
  return { json: stringify(value) ?? "null", bytes: NO_BYTES };
}

/** The value of a payload, whose placeholders must have been checked. */
export function decode({ json, bytes }: Payload): unknown {
  const value = parse(json);
  return lengthOf(bytes) > 0 ? revive(value, bytes) : value;
}

function mayHoldBytes(value: unknown, depth: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  if (depth > DEPTH_AT_MOST || mayBeBytes(value)) return true;
  // It can return anything, also bytes.
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

/** Replaces placeholders by their bytes. The value comes from `JSON.parse`, so it has plain members only. */
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
  // A placeholder for all bytes needs no copy.
  return length > 0 && length === lengthOf(bytes) ? bytes : copyOf(bytes, offset, length);
}
