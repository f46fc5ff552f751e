/**
 * Bytes in JSON that stands alone: `{ "$bytes": "AAEC" }`, base64. An object of one key that could be taken for that,
 * `$bytes` after any number of `$`, gains a `$` there, and loses it when it is read.
 */
import { CapsuleError } from "../../errors/error.ts";
import { dollarsOf, mayHaveBytesKey } from "../../sdk/bytes.ts";
import type { Payload } from "../../sdk/payload.ts";

/** No string can have this in it: there, a quote has a backslash. */
const PLACEHOLDER = /\{"\$bytes": ?\[(\d{1,16}), ?(\d{1,16})\]\}/g;
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;
/** What fits the arguments of a function. */
const CHUNK_BYTES = 0x8000;

/** What newer runtimes have. */
interface WithBase64 {
  toBase64?(): string;
}
const { fromBase64 } = Uint8Array as unknown as { fromBase64?: (text: string) => Uint8Array };

/** A payload as JSON text: what it holds besides bytes stays as it is written. */
export function jsonOf({ json, bytes }: Payload): string {
  if (bytes.length === 0) return mayHaveBytesKey(json) ? escapeKeys(json) : json;
  return json.replace(PLACEHOLDER, (_, offset, length) => {
    const part = bytes.subarray(Number(offset), Number(offset) + Number(length));
    return `{"$bytes":"${toBase64(part)}"}`;
  });
}

/**
 * The value that parsed JSON stands for: with bytes, and with a `$` less in keys that could be taken for theirs.
 *
 * @param place What the value is called in errors.
 * @throws {CapsuleError} `invalid_argument`, for bytes that are not base64, and for a value that is nested too deeply.
 */
export function withBytes(value: unknown, place: string): unknown {
  try {
    return revived(value, place);
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new CapsuleError("invalid_argument", "is nested too deeply", { option: place, cause });
  }
}

function revived(value: unknown, place: string): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) {
    value.forEach((item, index) => value[index] = revived(item, `${place}[${index}]`));
    return value;
  }
  const entries = Object.entries(value);
  const [name = "", member] = entries[0] ?? [];
  const dollars = entries.length === 1 ? dollarsOf(name) : 0;
  if (dollars === 1) return fromJson(member, place);
  if (dollars > 1) return { [name.slice(1)]: revived(member, `${place}.${name}`) };
  for (const [name, member] of entries) {
    if (typeof member !== "object") continue;
    const changed = revived(member, `${place}.${name}`);
    if (changed !== member) (value as Record<string, unknown>)[name] = changed;
  }
  return value;
}

/** One more `$` in each key that could be taken for that of bytes. */
function escapeKeys(json: string): string {
  const open: Open[] = [];
  const places: number[] = [];
  for (let at = 0; at < json.length; at++) {
    switch (json[at]) {
      case "{":
      case "[":
        open.push({ places: [], name: undefined });
        break;
      case "}":
      case "]":
        for (const place of open.pop()?.places ?? []) places.push(place);
        break;
      case '"': {
        const end = stringEnd(json, at);
        const object = open.at(-1);
        if (object && isKey(json, end)) addKey(object, json.slice(at, end), at + 1);
        at = end - 1;
      }
    }
  }
  let text = "";
  let from = 0;
  for (const place of places.sort((a, b) => a - b)) {
    text += `${json.slice(from, place)}$`;
    from = place;
  }
  return text + json.slice(from);
}

/** An object that has begun. */
interface Open {
  /** Where its key gets a `$`: in several places, if it is written several times. */
  places: number[];
  /** Its one key, as far as is known. */
  name: string | undefined;
}

function addKey(object: Open, text: string, place: number): void {
  const name: string = JSON.parse(text);
  const isFirst = object.name === undefined;
  if (dollarsOf(name) > 0 && (isFirst || object.places.length > 0 && object.name === name)) {
    object.places.push(place);
  } else {
    object.places = [];
  }
  object.name ??= name;
}

function isKey(json: string, at: number): boolean {
  while (" \t\n\r".includes(json[at]!)) at++;
  return json[at] === ":";
}

/** Behind the closing quote of the string that begins here. */
function stringEnd(json: string, start: number): number {
  let at = start + 1;
  while (json[at] !== '"') at += json[at] === "\\" ? 2 : 1;
  return at + 1;
}

function fromJson(text: unknown, place: string): Uint8Array {
  const problem = typeof text !== "string"
    ? `must be a string of base64 (got ${typeof text})`
    : text.length % 4 !== 0 || !BASE64.test(text)
    ? "is not base64 with padding"
    : undefined;
  if (problem === undefined) {
    return fromBase64?.(text as string) ??
      Uint8Array.from(atob(text as string), (character) => character.charCodeAt(0));
  }
  throw new CapsuleError("invalid_argument", `"$bytes" ${problem}`, {
    option: place,
    hint: 'bytes are { "$bytes": "AAEC" }; write "$$bytes" for data whose only key is "$bytes"',
  });
}

function toBase64(bytes: Uint8Array): string {
  const { toBase64 } = bytes as WithBase64;
  if (toBase64) return toBase64.call(bytes);
  let text = "";
  for (let at = 0; at < bytes.length; at += CHUNK_BYTES) {
    text += String.fromCharCode(...bytes.subarray(at, at + CHUNK_BYTES));
  }
  return btoa(text);
}
