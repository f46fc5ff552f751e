/** `node:buffer`, from the library that bundlers use for browsers. */
import * as library from "buffer/index.js";

/** Its own types lack some functions. */
type Library = typeof import("node:buffer") & { SlowBuffer: unknown };

const { Buffer, SlowBuffer, INSPECT_MAX_BYTES, kMaxLength } = library as unknown as Library;
const kStringMaxLength = 2 ** 30 - 1;

// Node also has base64url.
const { isEncoding, from, byteLength } = Buffer;
const { toString, write } = Buffer.prototype;

Buffer.isEncoding =
  ((encoding: string) => isBase64Url(encoding) || isEncoding(encoding)) as typeof isEncoding;
Buffer.from =
  ((value: unknown, encoding?: unknown, ...rest: unknown[]) =>
    typeof value === "string" && isBase64Url(encoding)
      ? from(fromBase64Url(value), "base64")
      : from(value as string, encoding as "utf8", ...rest as [])) as typeof from;
Buffer.byteLength = (value, encoding) =>
  typeof value === "string" && isBase64Url(encoding)
    ? byteLength(fromBase64Url(value), "base64")
    : byteLength(value, encoding);
Buffer.prototype.toString = function (encoding?: string, start?: number, end?: number) {
  if (!isBase64Url(encoding)) return toString.call(this, encoding as "utf8", start, end);
  const text = toString.call(this, "base64", start, end);
  return text.replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
};
Buffer.prototype.write = function (this: Buffer, text: string, ...rest: unknown[]) {
  if (!isBase64Url(rest.at(-1))) return write.call(this, text, ...rest as []);
  return write.call(
    this,
    fromBase64Url(text),
    ...[...rest.slice(0, -1), "base64"] as unknown as [],
  );
} as typeof write;
Object.defineProperty(Buffer.prototype, Symbol.for("nodejs.util.inspect.custom"), {
  value(this: Buffer): string {
    const shown = this.subarray(0, INSPECT_MAX_BYTES).toString("hex").replace(/..(?!$)/g, "$& ");
    const left = this.length - INSPECT_MAX_BYTES;
    const more = left > 0 ? ` ... ${left} more byte${left > 1 ? "s" : ""}` : "";
    return `<${this.constructor.name || "Buffer"} ${shown}${more}>`;
  },
  configurable: true,
  writable: true,
});
Buffer.copyBytesFrom = (view: NodeJS.TypedArray, offset = 0, length?: number) => {
  const part = view.subarray(offset, length === undefined ? undefined : offset + length);
  return Buffer.from(new Uint8Array(part.buffer, part.byteOffset, part.byteLength).slice());
};

function isBase64Url(encoding: unknown): boolean {
  return typeof encoding === "string" && encoding.toLowerCase() === "base64url";
}

function fromBase64Url(text: string): string {
  return text.replaceAll("-", "+").replaceAll("_", "/");
}

function bytesOf(input: ArrayBuffer | ArrayBufferView): Uint8Array {
  return ArrayBuffer.isView(input)
    ? new Uint8Array(input.buffer, input.byteOffset, input.byteLength)
    : new Uint8Array(input);
}

export { Buffer, INSPECT_MAX_BYTES, kMaxLength, kStringMaxLength, SlowBuffer };
export const { atob, btoa } = globalThis;
export const constants = { MAX_LENGTH: kMaxLength, MAX_STRING_LENGTH: kStringMaxLength };

/** Whether all bytes are ASCII. */
export function isAscii(input: ArrayBuffer | ArrayBufferView): boolean {
  return bytesOf(input).every((byte) => byte < 0x80);
}

/** Whether the bytes are UTF-8. */
export function isUtf8(input: ArrayBuffer | ArrayBufferView): boolean {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytesOf(input));
    return true;
  } catch {
    return false;
  }
}

/** Bytes of one encoding as bytes of another. */
export function transcode(source: Uint8Array, from: string, to: string): Uint8Array {
  const text = Buffer.from(source).toString(from as "utf8");
  return Buffer.from(text, to as "utf8");
}

export default {
  atob,
  // Defined later than this module.
  get Blob() {
    return globalThis.Blob;
  },
  btoa,
  Buffer,
  constants,
  get File() {
    return globalThis.File;
  },
  INSPECT_MAX_BYTES,
  isAscii,
  isUtf8,
  kMaxLength,
  kStringMaxLength,
  SlowBuffer,
  transcode,
};
