/** Recognizes bytes in values, and the keys of their placeholders in JSON. */

/**
 * JSON text and, in order, the bytes that its placeholders stand for. If all of them are empty, `bytes` has one unused
 * byte, because a payload without bytes is plain JSON.
 */
export interface Payload {
  json: string;
  bytes: Uint8Array;
}

// Programs in a sandbox can replace built-in objects, so the originals are saved here.
const { isView } = ArrayBuffer;
const { getOwnPropertyDescriptor, getPrototypeOf } = Object;
const [OfBuffer, OfBytes] = [ArrayBuffer, Uint8Array];
const call = Function.prototype.call;
const TypedArray = getPrototypeOf(OfBytes.prototype);
const tagOf = getterOf<string | undefined>(TypedArray, Symbol.toStringTag);
const bufferOf = getterOf<ArrayBufferLike>(TypedArray, "buffer");
const offsetOf = getterOf<number>(TypedArray, "byteOffset");
const bufferLengthOf = getterOf<number>(OfBuffer.prototype, "byteLength");
const setAt = call.bind(TypedArray.set) as (to: Uint8Array, from: Uint8Array, at: number) => void;

/** The length of bytes. */
export const lengthOf: (bytes: Uint8Array) => number = getterOf(TypedArray, "byteLength");

/** No bytes. */
export const NO_BYTES: Uint8Array = new OfBytes(0);

/** A quick check whether a value may be bytes. */
export function mayBeBytes(value: object): boolean {
  return isView(value) || value instanceof OfBuffer;
}

/**
 * The bytes of a `Uint8Array` (including Node's `Buffer`) or an `ArrayBuffer`, without a copy. Undefined for any other
 * value, whatever its prototype.
 */
export function bytesOf(value: unknown): Uint8Array | undefined {
  if (typeof value !== "object" || value === null || !mayBeBytes(value)) return undefined;
  if (isView(value)) {
    if (tagOf(value) !== "Uint8Array") return undefined;
    const length = lengthOf(value as Uint8Array);
    // A detached array has length 0.
    return length === 0 ? NO_BYTES : new OfBytes(bufferOf(value), offsetOf(value), length);
  }
  try {
    return bufferLengthOf(value) === 0 ? NO_BYTES : new OfBytes(value as ArrayBuffer);
  } catch {
    return undefined;
  }
}

/** Joins bytes. An array that was resized since its length was taken becomes zeros. */
export function joinBytes(parts: ArrayLike<Uint8Array>, lengths: ArrayLike<number>): Uint8Array {
  // Other threads may write to shared memory, and a buffer may change its size.
  if (parts.length === 1 && lengthOf(parts[0]!) === lengths[0] && isPlain(parts[0]!)) {
    return parts[0]!;
  }
  let total = 0;
  for (let index = 0; index < lengths.length; index++) total += lengths[index]!;
  const joined = new OfBytes(total);
  let at = 0;
  for (let index = 0; index < parts.length; index++) {
    if (lengthOf(parts[index]!) === lengths[index]) setAt(joined, parts[index]!, at);
    at += lengths[index]!;
  }
  return joined;
}

/** A copy of some bytes. */
export function copyOf(bytes: Uint8Array, offset: number, length: number): Uint8Array {
  const copy = new OfBytes(length);
  if (length > 0) setAt(copy, new OfBytes(bufferOf(bytes), offsetOf(bytes) + offset, length), 0);
  return copy;
}

/** How many `$` a key for bytes begins with. 0 for other keys. */
export function dollarsOf(key: string): number {
  const dollars = key.length - ENDING.length;
  if (dollars < 1) return 0;
  for (let index = 0; index < key.length; index++) {
    if (key[index] !== (index < dollars ? "$" : ENDING[index - dollars])) return 0;
  }
  return dollars;
}

const ENDING = "bytes";

function isPlain(bytes: Uint8Array): boolean {
  const buffer = bufferOf(bytes);
  return buffer instanceof OfBuffer && !(buffer as { resizable?: boolean }).resizable;
}

function getterOf<T>(of: object, name: PropertyKey): (value: unknown) => T {
  return call.bind(getOwnPropertyDescriptor(of, name)!.get!) as (value: unknown) => T;
}

/** Whether JSON text may have a key for bytes, possibly written with escapes. */
export function mayHaveBytesKey(json: string): boolean {
  return /bytes"|\\u00/.test(json);
}
