/** The ciphers of `node:crypto`: AES by noble-ciphers, which needs the complete data. */
import { cbc, ctr, ecb, gcm } from "@noble/ciphers/aes.js";
import stream from "node:stream";
import { Buffer } from "../buffer.ts";
import { bytesOf, encoded, type Input, type KeyObject } from "./input.ts";

const NAME = /^aes-?(128|192|256)-(cbc|ctr|ecb|gcm)$/;
const TAG_BYTES = 16;

interface Given {
  key: Uint8Array;
  iv: Uint8Array;
  mode: string;
}

export const CIPHERS = [128, 192, 256].flatMap((bits) =>
  ["cbc", "ctr", "ecb", "gcm"].map((mode) => `aes-${bits}-${mode}`)
);

function failure(code: string, message: string): Error {
  return Object.assign(new Error(message), { code });
}

function check(name: string, key: Uint8Array, iv: Uint8Array): string {
  const [, bits, mode] = NAME.exec(String(name).toLowerCase()) ?? [];
  if (mode === undefined) throw failure("ERR_CRYPTO_UNKNOWN_CIPHER", `Unknown cipher: ${name}`);
  if (key.length !== Number(bits) / 8) {
    throw Object.assign(new RangeError("Invalid key length"), {
      code: "ERR_CRYPTO_INVALID_KEYLEN",
    });
  }
  const wanted = mode === "ecb" ? 0 : mode === "gcm" ? Math.max(iv.length, 1) : 16;
  if (iv.length !== wanted) {
    throw Object.assign(new TypeError("Invalid initialization vector"), {
      code: "ERR_CRYPTO_INVALID_IV",
    });
  }
  return mode;
}

/** Encrypts or decrypts: `update` collects data, and `final` returns the whole result. */
abstract class Cipher extends stream.Transform {
  protected readonly given: Given;
  protected tag?: Uint8Array;
  #chunks: Uint8Array[] = [];
  #added?: Uint8Array;
  #padding = true;
  #finished = false;

  constructor(name: string, key: Input | KeyObject, iv: Input | null) {
    super();
    const bytes = bytesOf(key);
    const vector = iv === null ? new Uint8Array() : bytesOf(iv);
    this.given = { key: bytes, iv: vector, mode: check(name, bytes, vector) };
  }

  protected abstract run(cipher: ReturnType<typeof gcm>, data: Uint8Array): Uint8Array;

  update(data: Input, inputEncoding?: string, outputEncoding?: string): Buffer | string {
    this.#chunks.push(bytesOf(data, inputEncoding).slice());
    return encoded(new Uint8Array(), outputEncoding);
  }

  final(encoding?: string): Buffer | string {
    if (this.#finished) {
      throw failure("ERR_CRYPTO_INVALID_STATE", "Invalid state for operation final");
    }
    this.#finished = true;
    const { key, iv, mode } = this.given;
    const options = { disablePadding: !this.#padding };
    const cipher = mode === "gcm"
      ? gcm(key, iv, this.#added)
      : mode === "cbc"
      ? cbc(key, iv, options)
      : mode === "ecb"
      ? ecb(key, options)
      : ctr(key, iv);
    return encoded(this.run(cipher, Buffer.concat(this.#chunks)), encoding);
  }

  setAAD(data: Input): this {
    this.#added = bytesOf(data);
    return this;
  }

  setAutoPadding(padding = true): this {
    this.#padding = padding;
    return this;
  }

  override _transform(chunk: Uint8Array, _: string, done: () => void): void {
    this.update(chunk);
    done();
  }

  override _flush(done: (error?: Error) => void): void {
    try {
      this.push(this.final());
    } catch (error) {
      return done(error as Error);
    }
    done();
  }
}

class Encryption extends Cipher {
  protected run(cipher: ReturnType<typeof gcm>, data: Uint8Array): Uint8Array {
    const bytes = cipher.encrypt(data);
    if (this.given.mode !== "gcm") return bytes;
    this.tag = bytes.slice(-TAG_BYTES);
    return bytes.subarray(0, -TAG_BYTES);
  }

  getAuthTag(): Buffer {
    if (this.tag === undefined) {
      throw failure("ERR_CRYPTO_INVALID_STATE", "Invalid state for operation getAuthTag");
    }
    return Buffer.from(this.tag);
  }
}

class Decryption extends Cipher {
  protected run(cipher: ReturnType<typeof gcm>, data: Uint8Array): Uint8Array {
    if (this.given.mode !== "gcm") return this.#decrypt(cipher, data);
    if (this.tag === undefined) throw new Error("Unsupported state or unable to authenticate data");
    return this.#decrypt(cipher, Buffer.concat([data, this.tag]));
  }

  setAuthTag(tag: Input): this {
    const bytes = bytesOf(tag);
    if (bytes.length !== TAG_BYTES) {
      throw failure(
        "ERR_CRYPTO_INVALID_AUTH_TAG",
        `Invalid authentication tag length: ${bytes.length}`,
      );
    }
    this.tag = bytes.slice();
    return this;
  }

  #decrypt(cipher: ReturnType<typeof gcm>, data: Uint8Array): Uint8Array {
    try {
      return cipher.decrypt(data);
    } catch {
      throw this.given.mode === "gcm"
        ? new Error("Unsupported state or unable to authenticate data")
        : failure("ERR_OSSL_BAD_DECRYPT", "error:1C800064:Provider routines::bad decrypt");
    }
  }
}

export function createCipheriv(name: string, key: Input | KeyObject, iv: Input | null): Cipher {
  return new Encryption(name, key, iv);
}

export function createDecipheriv(name: string, key: Input | KeyObject, iv: Input | null): Cipher {
  return new Decryption(name, key, iv);
}
