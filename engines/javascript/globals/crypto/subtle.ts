/**
 * SubtleCrypto for what needs one secret: digests, HMAC, AES and the derivation of keys, by noble-hashes
 * and noble-ciphers. Pairs of keys are refused by name.
 */
import { aeskw, cbc, ctr, gcm } from "@noble/ciphers/aes.js";
import { hkdf } from "@noble/hashes/hkdf.js";
import { hmac } from "@noble/hashes/hmac.js";
import { sha1 } from "@noble/hashes/legacy.js";
import { pbkdf2Async } from "@noble/hashes/pbkdf2.js";
import { sha256, sha384, sha512 } from "@noble/hashes/sha2.js";
import {
  CryptoKey,
  fromWebKey,
  type KeyDetails,
  type KeyUse,
  secretOf,
  toWebKey,
} from "./crypto_key.ts";
import { define } from "../define.ts";

type Bytes = Uint8Array<ArrayBuffer>;
/** What callers pass: the names of the specification, in any case. */
type Parameters = string | { name: string; [name: string]: unknown };

const HASHES = { "SHA-1": sha1, "SHA-256": sha256, "SHA-384": sha384, "SHA-512": sha512 };
const USAGES: Record<string, KeyUsage[]> = {
  "AES-CBC": ["encrypt", "decrypt", "wrapKey", "unwrapKey"],
  "AES-CTR": ["encrypt", "decrypt", "wrapKey", "unwrapKey"],
  "AES-GCM": ["encrypt", "decrypt", "wrapKey", "unwrapKey"],
  "AES-KW": ["wrapKey", "unwrapKey"],
  HKDF: ["deriveKey", "deriveBits"],
  HMAC: ["sign", "verify"],
  PBKDF2: ["deriveKey", "deriveBits"],
};
const NAMES = [...Object.keys(HASHES), ...Object.keys(USAGES)];
const BLOCK_BYTES = 16;

function fail(name: string, message: string): never {
  throw new DOMException(message, name);
}

/** Names as the specification writes them. */
function normalize(parameters: Parameters, known: string[]): { name: string } & Options {
  const given = typeof parameters === "string" ? { name: parameters } : parameters;
  if (given?.name === undefined) throw new TypeError("The algorithm has no name");
  const wanted = String(given.name).toUpperCase();
  const name = NAMES.find((name) => name === wanted);
  if (name !== undefined && known.includes(name)) return { ...given, name } as never;
  return fail(
    "NotSupportedError",
    name === undefined
      ? `${given.name} is not supported in a sandbox: only ${NAMES.join(", ")} are`
      : `${name} does not support this operation`,
  );
}

interface Options {
  hash?: Parameters;
  length?: number;
  iv?: BufferSource;
  counter?: BufferSource;
  additionalData?: BufferSource;
  tagLength?: number;
  salt?: BufferSource;
  info?: BufferSource;
  iterations?: number;
}

function bytesOf(source: BufferSource | undefined, what: string): Bytes {
  if (ArrayBuffer.isView(source)) {
    // A copy: what the caller changes later does not count.
    return new Uint8Array(source.buffer, source.byteOffset, source.byteLength).slice() as Bytes;
  }
  if (source instanceof ArrayBuffer) return new Uint8Array(source).slice();
  throw new TypeError(`${what} is neither an ArrayBuffer nor a view of one`);
}

function hashOf(parameters: Parameters | undefined) {
  if (parameters === undefined) throw new TypeError("The algorithm has no hash");
  const { name } = normalize(parameters, Object.keys(HASHES));
  return { name, hash: HASHES[name as keyof typeof HASHES] };
}

/** What noble makes of a key and the options of a cipher. */
function cipherOf(key: Bytes, { name, ...options }: { name: string } & Options, size: number) {
  if (name === "AES-GCM") {
    if (![undefined, 128].includes(options.tagLength)) {
      fail("NotSupportedError", "AES-GCM is supported with a tagLength of 128 only");
    }
    const added = options.additionalData === undefined
      ? undefined
      : bytesOf(options.additionalData, "additionalData");
    return gcm(key, bytesOf(options.iv, "iv"), added);
  }
  if (name === "AES-CBC") {
    const iv = bytesOf(options.iv, "iv");
    if (iv.length !== BLOCK_BYTES) fail("OperationError", "The iv is not 16 bytes long");
    return cbc(key, iv);
  }
  if (name === "AES-KW") return aeskw(key);
  const counter = bytesOf(options.counter, "counter");
  checkCounter(counter, options.length, size);
  return ctr(key, counter);
}

/** Refuses to count past the end: another library would go on in the nonce, or repeat itself. */
function checkCounter(counter: Bytes, length: number | undefined, size: number): void {
  if (counter.length !== BLOCK_BYTES) fail("OperationError", "The counter is not 16 bytes long");
  if (!Number.isInteger(length) || length! < 1 || length! > 128) {
    fail("OperationError", "The length of the counter is not between 1 and 128 bits");
  }
  const mask = (1n << BigInt(length!)) - 1n;
  const blocks = BigInt(Math.ceil(size / BLOCK_BYTES));
  const first = BigInt(`0x${counter.toHex()}`) & mask;
  if (first + blocks > mask + 1n) {
    fail("OperationError", "The data is too long for the counter");
  }
}

type Step = "encrypt" | "decrypt";

/** Encrypts or decrypts with a key that may be used so. */
function transform(
  step: Step,
  algorithm: { name: string } & Options,
  { key, data, usage }: { key: CryptoKey; data: Bytes; usage: KeyUsage },
): ArrayBuffer {
  const secret = secretOf(key, { name: algorithm.name, usage });
  const cipher = cipherOf(secret, algorithm, data.length);
  try {
    return exactly(cipher[step](data));
  } catch {
    // Why it failed is kept from whoever tries keys.
    return fail("OperationError", `${algorithm.name} could not ${step} the data`);
  }
}

function exactly(bytes: Uint8Array): ArrayBuffer {
  return bytes.slice().buffer as ArrayBuffer;
}

/** The length of a key in bits, with the default of its algorithm. */
function lengthOf({ name, length, hash }: { name: string } & Options): number {
  if (name === "HMAC") return length ?? hashOf(hash).hash.blockLen * 8;
  if (![128, 192, 256].includes(length!)) {
    fail("OperationError", `A key of ${name} has 128, 192 or 256 bits, not ${length}`);
  }
  return length!;
}

function makeKey(algorithm: { name: string } & Options, bytes: Bytes, use: KeyUse): CryptoKey {
  const { name } = algorithm;
  for (const usage of use.usages) {
    if (!USAGES[name]!.includes(usage)) fail("SyntaxError", `${name} has no use for "${usage}"`);
  }
  const made: KeyDetails["algorithm"] = { name };
  if (name === "HMAC") {
    if (bytes.length === 0) fail("DataError", "The key is empty");
    made.hash = { name: hashOf(algorithm.hash).name };
  } else if (name === "HKDF" || name === "PBKDF2") {
    if (use.extractable) fail("SyntaxError", `A key of ${name} cannot be extractable`);
  } else if (![16, 24, 32].includes(bytes.length)) {
    fail("DataError", `A key of ${name} has 16, 24 or 32 bytes, not ${bytes.length}`);
  }
  if (name.startsWith("AES-") || name === "HMAC") made.length = bytes.length * 8;
  if (use.usages.length === 0) fail("SyntaxError", "A secret key needs a usage");
  const usages = [...new Set(use.usages)];
  return new CryptoKey({ algorithm: made, extractable: use.extractable, usages }, bytes);
}

async function derive(parameters: Parameters, base: CryptoKey, bits: number, usage: KeyUsage) {
  const algorithm = normalize(parameters, ["HKDF", "PBKDF2"]);
  const secret = secretOf(base, { name: algorithm.name, usage });
  const { hash } = hashOf(algorithm.hash);
  const salt = bytesOf(algorithm.salt, "salt");
  if (!Number.isInteger(bits) || bits % 8 !== 0) {
    fail("OperationError", "The length is not a multiple of 8 bits");
  }
  if (bits === 0) return new Uint8Array();
  if (algorithm.name === "HKDF") {
    if (bits / 8 > 255 * hash.outputLen) fail("OperationError", "The length is too large for HKDF");
    return hkdf(hash, secret, salt, bytesOf(algorithm.info, "info"), bits / 8);
  }
  const { iterations } = algorithm;
  if (!Number.isInteger(iterations) || iterations! < 1) {
    fail("OperationError", "PBKDF2 needs at least one iteration");
  }
  return await pbkdf2Async(hash, secret, salt, { c: iterations!, dkLen: bits / 8 });
}

const CIPHERS = ["AES-CBC", "AES-CTR", "AES-GCM"];
const WRAPPERS = [...CIPHERS, "AES-KW"];

// Each is asynchronous as a whole: what is wrong with an argument rejects too.
export class SubtleCrypto {
  // deno-lint-ignore require-await
  async digest(algorithm: Parameters, data: BufferSource): Promise<ArrayBuffer> {
    return exactly(hashOf(algorithm).hash(bytesOf(data, "The data")));
  }

  // deno-lint-ignore require-await
  async encrypt(parameters: Parameters, key: CryptoKey, data: BufferSource): Promise<ArrayBuffer> {
    const algorithm = normalize(parameters, CIPHERS);
    const given = { key, data: bytesOf(data, "The data"), usage: "encrypt" as const };
    return transform("encrypt", algorithm, given);
  }

  // deno-lint-ignore require-await
  async decrypt(parameters: Parameters, key: CryptoKey, data: BufferSource): Promise<ArrayBuffer> {
    const algorithm = normalize(parameters, CIPHERS);
    const given = { key, data: bytesOf(data, "The data"), usage: "decrypt" as const };
    return transform("decrypt", algorithm, given);
  }

  // deno-lint-ignore require-await
  async sign(parameters: Parameters, key: CryptoKey, data: BufferSource): Promise<ArrayBuffer> {
    const { name } = normalize(parameters, ["HMAC"]);
    const secret = secretOf(key, { name, usage: "sign" });
    return exactly(hmac(hashOf(key.algorithm.hash).hash, secret, bytesOf(data, "The data")));
  }

  // deno-lint-ignore require-await
  async verify(
    parameters: Parameters,
    key: CryptoKey,
    signature: BufferSource,
    data: BufferSource,
  ): Promise<boolean> {
    const { name } = normalize(parameters, ["HMAC"]);
    const secret = secretOf(key, { name, usage: "verify" });
    const given = bytesOf(signature, "The signature");
    const right = hmac(hashOf(key.algorithm.hash).hash, secret, bytesOf(data, "The data"));
    let difference = given.length ^ right.length;
    right.forEach((byte, index) => difference |= byte ^ (given[index] ?? 0));
    return difference === 0;
  }

  // deno-lint-ignore require-await
  async generateKey(
    parameters: Parameters,
    extractable: boolean,
    usages: KeyUsage[],
  ): Promise<CryptoKey> {
    const algorithm = normalize(parameters, [...WRAPPERS, "HMAC"]);
    const bytes = new Uint8Array(Math.ceil(lengthOf(algorithm) / 8));
    crypto.getRandomValues(bytes);
    return makeKey(algorithm, bytes, { extractable, usages });
  }

  // deno-lint-ignore require-await
  async importKey(
    format: KeyFormat,
    data: BufferSource | JsonWebKey,
    parameters: Parameters,
    extractable: boolean,
    usages: KeyUsage[],
  ): Promise<CryptoKey> {
    const algorithm = normalize(parameters, Object.keys(USAGES));
    const use = { extractable, usages };
    if (format === "jwk") return makeKey(algorithm, fromWebKey(data as JsonWebKey, use), use);
    if (format === "raw") return makeKey(algorithm, bytesOf(data as BufferSource, "The key"), use);
    return fail("NotSupportedError", `Keys of the format ${format} are not supported`);
  }

  // deno-lint-ignore require-await
  async exportKey(format: KeyFormat, key: CryptoKey): Promise<ArrayBuffer | JsonWebKey> {
    const bytes = secretOf(key);
    if (!key.extractable) fail("InvalidAccessError", "The key is not extractable");
    if (format === "jwk") return toWebKey(key);
    if (format === "raw") return exactly(bytes);
    return fail("NotSupportedError", `Keys of the format ${format} are not supported`);
  }

  async deriveBits(parameters: Parameters, base: CryptoKey, length: number): Promise<ArrayBuffer> {
    return exactly(await derive(parameters, base, length, "deriveBits"));
  }

  async deriveKey(
    parameters: Parameters,
    base: CryptoKey,
    derived: Parameters,
    extractable: boolean,
    usages: KeyUsage[],
  ): Promise<CryptoKey> {
    const algorithm = normalize(derived, [...WRAPPERS, "HMAC"]);
    const bytes = await derive(parameters, base, lengthOf(algorithm), "deriveKey");
    return makeKey(algorithm, bytes as Bytes, { extractable, usages });
  }

  async wrapKey(
    format: KeyFormat,
    key: CryptoKey,
    wrapping: CryptoKey,
    parameters: Parameters,
  ): Promise<ArrayBuffer> {
    const algorithm = normalize(parameters, WRAPPERS);
    const exported = await this.exportKey(format, key);
    const data = exported instanceof ArrayBuffer
      ? new Uint8Array(exported)
      : new TextEncoder().encode(JSON.stringify(exported));
    return transform("encrypt", algorithm, { key: wrapping, data, usage: "wrapKey" });
  }

  async unwrapKey(
    format: KeyFormat,
    wrapped: BufferSource,
    unwrapping: CryptoKey,
    parameters: Parameters,
    keyAlgorithm: Parameters,
    extractable: boolean,
    usages: KeyUsage[],
  ): Promise<CryptoKey> {
    const algorithm = normalize(parameters, WRAPPERS);
    const data = bytesOf(wrapped, "The wrapped key");
    const given = { key: unwrapping, data, usage: "unwrapKey" as const };
    const bytes = transform("decrypt", algorithm, given);
    const exported = format === "jwk" ? JSON.parse(new TextDecoder().decode(bytes)) : bytes;
    return await this.importKey(format, exported, keyAlgorithm, extractable, usages);
  }

  get [Symbol.toStringTag](): string {
    return "SubtleCrypto";
  }
}

define({ SubtleCrypto });
