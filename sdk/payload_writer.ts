/** `JSON.stringify` for values that contain bytes, or keys that look like placeholders. */
import { bytesOf, dollarsOf, joinBytes, lengthOf, NO_BYTES, type Payload } from "./bytes.ts";

// Programs in a sandbox can replace built-in objects, so the originals are saved here.
const { isArray } = Array;
const { keys, setPrototypeOf } = Object;
const { apply } = Reflect;
const { stringify } = JSON;
// Only newer engines have `isRawJSON`.
const { isRawJSON } = JSON as unknown as { isRawJSON?: (value: unknown) => boolean };
const [OfNumber, OfString, OfBoolean, OfBigInt] = [Number, String, Boolean, BigInt];

/**
 * Encodes a value by the rules of `JSON.stringify`. Each of its properties is read once.
 *
 * @throws {TypeError} for a value without JSON. Also whatever a `toJSON` or a getter throws.
 */
export function writeWithBytes(value: unknown): Payload {
  const writing: Writing = {
    parts: list(),
    lengths: list(),
    total: 0,
    above: list(),
    depth: 0,
    isEscaped: false,
  };
  const json = write(value, "", writing) ?? "null";
  if (writing.parts.length > 0) {
    return {
      json,
      bytes: writing.total > 0 ? joinBytes(writing.parts, writing.lengths) : ONE_BYTE,
    };
  }
  return { json: writing.isEscaped ? stringify(value) : json, bytes: NO_BYTES };
}

/** The bytes of a payload whose placeholders are all empty: see {@link Payload}. */
const ONE_BYTE = new Uint8Array(1);

interface Writing {
  parts: Uint8Array[];
  lengths: number[];
  total: number;
  /** The objects and arrays around the value that is written now. */
  above: unknown[];
  depth: number;
  /** Whether a `$` was added to a key. */
  isEscaped: boolean;
}

/** The JSON of a value; undefined if JSON leaves it out. */
function write(given: unknown, key: string, writing: Writing): string | undefined {
  let value = given;
  let bytes = bytesOf(value);
  if (bytes === undefined && mayHaveToJson(value)) {
    const { toJSON } = value as { toJSON?: unknown };
    if (typeof toJSON === "function") {
      value = apply(toJSON, value, [key]);
      bytes = bytesOf(value);
    }
  }
  if (bytes !== undefined) return writeBytes(bytes, writing);
  if (typeof value !== "object" || value === null || isLeaf(value)) return stringify(value);
  for (let depth = 0; depth < writing.depth; depth++) {
    if (writing.above[depth] === value) throw new TypeError("it is a circular structure");
  }
  writing.above[writing.depth++] = value;
  const text = isArray(value)
    ? writeArray(value, writing)
    : writeObject(value as Record<string, unknown>, writing);
  writing.depth--;
  return text;
}

function writeBytes(bytes: Uint8Array, writing: Writing): string {
  const offset = writing.total;
  const length = lengthOf(bytes);
  const index = writing.parts.length;
  writing.parts[index] = bytes;
  writing.lengths[index] = length;
  writing.total += length;
  return `{"$bytes":[${offset},${length}]}`;
}

function writeArray(value: unknown[], writing: Writing): string {
  let text = "[";
  const { length } = value;
  for (let index = 0; index < length; index++) {
    if (index > 0) text += ",";
    text += write(value[index], `${index}`, writing) ?? "null";
  }
  return text + "]";
}

function writeObject(value: Record<string, unknown>, writing: Writing): string {
  const names = keys(value);
  let members = 0;
  let first = "";
  let only = "";
  let text = "";
  for (let index = 0; index < names.length; index++) {
    const name = names[index]!;
    const member = write(value[name], name, writing);
    if (member === undefined) continue;
    // Only an object with a single key gets a `$`, so the first member is written last or with the second.
    if (members === 0) {
      first = name;
      only = member;
    } else if (members === 1) text = stringify(first) + ":" + only;
    if (members > 0) text += "," + stringify(name) + ":" + member;
    members++;
  }
  if (members === 1) {
    const isEscaped = dollarsOf(first) > 0;
    writing.isEscaped ||= isEscaped;
    text = stringify(isEscaped ? "$" + first : first) + ":" + only;
  }
  return "{" + text + "}";
}

function mayHaveToJson(value: unknown): boolean {
  return typeof value === "object" ? value !== null : typeof value === "function" ||
    typeof value === "bigint";
}

/** Whether `JSON.stringify` writes an object as the primitive that it wraps. */
function isLeaf(value: object): boolean {
  return value instanceof OfNumber || value instanceof OfString || value instanceof OfBoolean ||
    value instanceof OfBigInt || isRawJSON?.(value) === true;
}

/** An array without a prototype, which programs could have changed. */
function list<T>(): T[] {
  return setPrototypeOf([], null);
}
