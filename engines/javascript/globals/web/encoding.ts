/** TextEncoder and TextDecoder: UTF-8 by the host, which is fast, all other encodings by a library. */
import { TextDecoder as AnyDecoder } from "@exodus/bytes/encoding-lite.js";
import * as host from "capsule:host/operations@1.0.0";
import { define } from "../define.ts";

/** Text to UTF-8. */
export class TextEncoder {
  get encoding(): string {
    return "utf-8";
  }

  encode(text: string = ""): Uint8Array {
    return host.encode(String(text).toWellFormed());
  }

  encodeInto(text: string, target: Uint8Array): { read: number; written: number } {
    let read = 0;
    let written = 0;
    for (const character of String(text).toWellFormed()) {
      const bytes = host.encode(character);
      if (written + bytes.length > target.length) break;
      target.set(bytes, written);
      written += bytes.length;
      read += character.length;
    }
    return { read, written };
  }

  get [Symbol.toStringTag](): string {
    return "TextEncoder";
  }
}

/** Bytes to text. */
export class TextDecoder extends AnyDecoder {
  #streaming = false;

  override decode(
    input?: ArrayBufferView | ArrayBufferLike,
    options?: { stream?: boolean },
  ): string {
    const stream = options?.stream ?? false;
    if (this.encoding !== "utf-8" || stream || this.#streaming) {
      this.#streaming = stream;
      return super.decode(input, options);
    }
    const bytes = bytesOf(input);
    const skipsMark = !this.ignoreBOM && bytes[0] === 0xef && bytes[1] === 0xbb &&
      bytes[2] === 0xbf;
    try {
      return host.decode(skipsMark ? bytes.subarray(3) : bytes, this.fatal);
    } catch {
      throw new TypeError("The encoded data was not valid for encoding utf-8");
    }
  }
}

function bytesOf(input: ArrayBufferView | ArrayBufferLike | undefined): Uint8Array {
  if (input === undefined) return new Uint8Array(0);
  if (ArrayBuffer.isView(input)) {
    return new Uint8Array(input.buffer, input.byteOffset, input.byteLength);
  }
  return new Uint8Array(input);
}

define({ TextDecoder, TextEncoder });
