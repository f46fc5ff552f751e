/** `node:crypto`: hashes, HMAC and key derivation by noble-hashes, random bytes by the host. */
import { hkdf } from "@noble/hashes/hkdf.js";
import { hmac } from "@noble/hashes/hmac.js";
import { md5, ripemd160, sha1 } from "@noble/hashes/legacy.js";
import { pbkdf2 } from "@noble/hashes/pbkdf2.js";
import { scrypt } from "@noble/hashes/scrypt.js";
import { sha224, sha256, sha384, sha512, sha512_224, sha512_256 } from "@noble/hashes/sha2.js";
import { sha3_224, sha3_256, sha3_384, sha3_512 } from "@noble/hashes/sha3.js";
import { blake2b, blake2s } from "@noble/hashes/blake2.js";
import stream from "node:stream";
import { Buffer } from "../buffer.ts";
import { CIPHERS, createCipheriv, createDecipheriv } from "./cipher.ts";
import { bytesOf, encoded, type Input, KeyObject } from "./input.ts";
import { partly } from "../unavailable.ts";

type Done<T> = (error: Error | null, result?: T) => void;

/** By their names in OpenSSL, in lower case. */
const HASHES = {
  blake2b512: blake2b,
  blake2s256: blake2s,
  md5,
  ripemd160,
  rmd160: ripemd160,
  sha1,
  sha224,
  sha256,
  "sha3-224": sha3_224,
  "sha3-256": sha3_256,
  "sha3-384": sha3_384,
  "sha3-512": sha3_512,
  sha384,
  sha512,
  "sha512-224": sha512_224,
  "sha512-256": sha512_256,
};
/** The most random bytes that the host returns at once. */
const RANDOM_BYTES = 65_536;

interface State {
  update(data: Uint8Array): unknown;
  digest(): Uint8Array;
  clone(): State;
}

/** A hash of that name, also as `RSA-SHA256` and `SHA-256`. */
export function hashOf(name: string): typeof sha256 {
  const plain = String(name).toLowerCase().replace(/^rsa-/, "").replace(/^sha-/, "sha")
    .replace("sha512/", "sha512-");
  if (!Object.hasOwn(HASHES, plain)) {
    throw Object.assign(new Error(`Digest method not supported: ${name}`), {
      code: "ERR_CRYPTO_INVALID_DIGEST",
    });
  }
  return HASHES[plain as keyof typeof HASHES] as unknown as typeof sha256;
}

/** A hash or an HMAC that is computed in parts. */
class Digest extends stream.Transform {
  #state: State;
  #finished = false;

  constructor(state: State) {
    super();
    this.#state = state;
  }

  update(data: Input, encoding?: string): this {
    this.#check();
    this.#state.update(bytesOf(data, encoding));
    return this;
  }

  digest(encoding?: string): Buffer | string {
    this.#check();
    this.#finished = true;
    return encoded(this.#state.digest(), encoding);
  }

  copy(): Digest {
    this.#check();
    return new Digest(this.#state.clone());
  }

  override _transform(chunk: Uint8Array, _: string, done: () => void): void {
    this.#state.update(chunk);
    done();
  }

  override _flush(done: () => void): void {
    this.push(this.digest());
    done();
  }

  #check(): void {
    if (!this.#finished) return;
    throw Object.assign(new Error("Digest already called"), { code: "ERR_CRYPTO_HASH_FINALIZED" });
  }
}

function createHash(name: string): Digest {
  return new Digest(hashOf(name).create() as unknown as State);
}

function createHmac(name: string, key: Input | KeyObject, options?: { encoding?: string }): Digest {
  const secret = bytesOf(key, options?.encoding);
  return new Digest(hmac.create(hashOf(name), secret) as unknown as State);
}

function hash(name: string, data: Input, encoding = "hex"): Buffer | string {
  return encoded(hashOf(name)(bytesOf(data)), encoding);
}

/** Calls back with the result of a function, in a later turn. */
function later<T>(body: () => T, done: Done<T>): void {
  setImmediate(() => {
    let result: T;
    try {
      result = body();
    } catch (error) {
      return done(error as Error);
    }
    done(null, result);
  });
}

function randomFillSync<T extends ArrayBufferView>(view: T, offset = 0, size?: number): T {
  const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength)
    .subarray(offset, size === undefined ? undefined : offset + size);
  for (let start = 0; start < bytes.length; start += RANDOM_BYTES) {
    crypto.getRandomValues(bytes.subarray(start, start + RANDOM_BYTES));
  }
  return view;
}

function randomBytes(size: number, done?: Done<Buffer>): Buffer | void {
  const make = () => randomFillSync(Buffer.alloc(size));
  return done ? later(make, done) : make();
}

function randomInt(first: number, second?: number | Done<number>, third?: Done<number>) {
  const [min, max] = typeof second === "number" ? [first, second] : [0, first];
  const done = typeof second === "function" ? second : third;
  const range = max - min;
  if (!Number.isSafeInteger(min) || !Number.isSafeInteger(max) || range <= 0 || range > 2 ** 48) {
    throw Object.assign(new RangeError('The value of "max" is out of range'), {
      code: "ERR_OUT_OF_RANGE",
    });
  }
  const draw = () => {
    // Numbers that would bias the result are drawn again.
    for (const bound = 2 ** 48 - 2 ** 48 % range;;) {
      const value = randomFillSync(Buffer.alloc(6)).readUIntBE(0, 6);
      if (value < bound) return min + value % range;
    }
  };
  return done ? later(draw, done) : draw();
}

function timingSafeEqual(a: Input, b: Input): boolean {
  const [left, right] = [bytesOf(a), bytesOf(b)];
  if (left.length !== right.length) {
    throw Object.assign(new RangeError("Input buffers must have the same byte length"), {
      code: "ERR_CRYPTO_TIMING_SAFE_EQUAL_LENGTH",
    });
  }
  let difference = 0;
  for (let index = 0; index < left.length; index++) difference |= left[index]! ^ right[index]!;
  return difference === 0;
}

function pbkdf2Sync(
  password: Input,
  salt: Input,
  iterations: number,
  length: number,
  digest: string,
): Buffer {
  const options = { c: iterations, dkLen: length };
  return Buffer.from(pbkdf2(hashOf(digest), bytesOf(password), bytesOf(salt), options));
}

interface ScryptOptions {
  N?: number;
  cost?: number;
  r?: number;
  blockSize?: number;
  p?: number;
  parallelization?: number;
  maxmem?: number;
}

function scryptSync(
  password: Input,
  salt: Input,
  length: number,
  options: ScryptOptions = {},
): Buffer {
  const { cost = 16384, blockSize = 8, parallelization = 1, maxmem = 32 << 20 } = options;
  const { N = cost, r = blockSize, p = parallelization } = options;
  if (128 * N * r > maxmem) {
    throw Object.assign(new RangeError("Invalid scrypt params: memory limit exceeded"), {
      code: "ERR_CRYPTO_INVALID_SCRYPT_PARAMS",
    });
  }
  return Buffer.from(
    scrypt(bytesOf(password), bytesOf(salt), { N, r, p, dkLen: length, maxmem: 2 * maxmem }),
  );
}

function hkdfSync(digest: string, key: Input, salt: Input, info: Input, length: number) {
  return hkdf(hashOf(digest), bytesOf(key), bytesOf(salt), bytesOf(info), length).slice().buffer;
}

const { crypto } = globalThis;

export default partly("crypto", {
  constants: {},
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  createSecretKey: (key: Input, encoding?: string) => new KeyObject(bytesOf(key, encoding)),
  getCiphers: () => [...CIPHERS],
  getCurves: () => [],
  getHashes: () => Object.keys(HASHES),
  getRandomValues: (view: Uint8Array<ArrayBuffer>) => crypto.getRandomValues(view),
  hash,
  Hash: Digest,
  hkdf: (
    digest: string,
    key: Input,
    salt: Input,
    info: Input,
    length: number,
    done: Done<ArrayBuffer>,
  ) => later(() => hkdfSync(digest, key, salt, info, length), done),
  hkdfSync,
  Hmac: Digest,
  KeyObject,
  pbkdf2: (
    password: Input,
    salt: Input,
    iterations: number,
    length: number,
    digest: string,
    done: Done<Buffer>,
  ) => later(() => pbkdf2Sync(password, salt, iterations, length, digest), done),
  pbkdf2Sync,
  pseudoRandomBytes: randomBytes,
  randomBytes,
  randomFill: (view: ArrayBufferView, ...args: unknown[]) => {
    const [offset, size] = args as number[];
    later(() => randomFillSync(view, offset as number, size), args.at(-1) as Done<ArrayBufferView>);
  },
  randomFillSync,
  randomInt,
  randomUUID: () => crypto.randomUUID(),
  scrypt: (password: Input, salt: Input, length: number, ...args: unknown[]) => {
    const options = typeof args[0] === "object" ? args[0] as ScryptOptions : {};
    later(() => scryptSync(password, salt, length, options), args.at(-1) as Done<Buffer>);
  },
  scryptSync,
  subtle: crypto.subtle,
  timingSafeEqual,
  webcrypto: crypto,
});
