/** Inputs of the functions of `node:crypto`, and the encoding of their results. */
import { Buffer } from "../buffer.ts";

export type Input = string | ArrayBuffer | ArrayBufferView;

/** A secret key as bytes. */
export class KeyObject {
  readonly type = "secret";
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get symmetricKeySize(): number {
    return this.#bytes.length;
  }

  export(): Buffer {
    return Buffer.from(this.#bytes);
  }
}

export function bytesOf(input: Input | KeyObject, encoding?: string): Uint8Array {
  if (typeof input === "string") return Buffer.from(input, (encoding ?? "utf8") as "utf8");
  if (input instanceof KeyObject) return input.export();
  if (ArrayBuffer.isView(input)) {
    return new Uint8Array(input.buffer, input.byteOffset, input.byteLength);
  }
  if (input instanceof ArrayBuffer) return new Uint8Array(input);
  throw Object.assign(
    new TypeError('The "data" argument must be of type string or an instance of Buffer'),
    { code: "ERR_INVALID_ARG_TYPE" },
  );
}

export function encoded(bytes: Uint8Array, encoding?: string): Buffer | string {
  const buffer = Buffer.from(bytes);
  return encoding && encoding !== "buffer" ? buffer.toString(encoding as "hex") : buffer;
}
