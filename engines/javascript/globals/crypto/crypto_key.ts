/** Keys of the Web Cryptography API: secrets, as bytes or as JSON Web Keys. */
import { define } from "../define.ts";

/** What a key may be used for. */
export interface KeyUse {
  extractable: boolean;
  usages: KeyUsage[];
}

export interface KeyDetails extends KeyUse {
  algorithm: { name: string; length?: number; hash?: { name: string } };
}

const BYTES = new WeakMap<CryptoKey, Uint8Array<ArrayBuffer>>();
/** JSON Web Keys name an algorithm by what it is used for. */
const WEB_KEY_NAMES: Record<string, string> = {
  "AES-CBC": "CBC",
  "AES-CTR": "CTR",
  "AES-GCM": "GCM",
  "AES-KW": "KW",
};

/** A secret key, whose bytes no property shows. */
export class CryptoKey {
  readonly type = "secret";
  readonly algorithm!: KeyDetails["algorithm"];
  readonly extractable!: boolean;
  readonly usages!: KeyUsage[];

  constructor(details?: KeyDetails, bytes?: Uint8Array<ArrayBuffer>) {
    if (details === undefined || bytes === undefined) throw new TypeError("Illegal constructor");
    Object.assign(this, details);
    BYTES.set(this, bytes);
    Object.freeze(this);
  }

  get [Symbol.toStringTag](): string {
    return "CryptoKey";
  }
}

/** The bytes of a key that is made for a use. */
export function secretOf(key: CryptoKey, use?: { name: string; usage: KeyUsage }) {
  const bytes = BYTES.get(key);
  if (bytes === undefined) throw new TypeError("The key is not a CryptoKey");
  if (use && key.algorithm.name !== use.name) {
    throw new DOMException(
      `The key is for ${key.algorithm.name}, not for ${use.name}`,
      "InvalidAccessError",
    );
  }
  if (use && !key.usages.includes(use.usage)) {
    throw new DOMException(`The key's usages lack "${use.usage}"`, "InvalidAccessError");
  }
  return bytes;
}

export function toWebKey(key: CryptoKey): JsonWebKey {
  const bytes = secretOf(key);
  const { name, hash } = key.algorithm;
  const alg = name === "HMAC"
    ? `HS${hash!.name.slice("SHA-".length)}`
    : `A${bytes.length * 8}${WEB_KEY_NAMES[name]}`;
  return {
    kty: "oct",
    k: bytes.toBase64({ alphabet: "base64url", omitPadding: true }),
    alg,
    key_ops: [...key.usages],
    ext: key.extractable,
  };
}

/** @throws {DOMException} DataError for what is no secret key, or one that is kept from its use. */
export function fromWebKey(webKey: JsonWebKey, { extractable, usages }: KeyUse) {
  const invalid = (message: string) => new DOMException(`The JWK ${message}`, "DataError");
  if (webKey?.kty !== "oct") throw invalid('has another "kty" than "oct"');
  if (webKey.ext === false && extractable) throw invalid("is not extractable");
  const operations = webKey.key_ops;
  if (operations && !usages.every((usage) => operations.includes(usage))) {
    throw invalid("does not allow these usages");
  }
  try {
    return Uint8Array.fromBase64(webKey.k!, { alphabet: "base64url" });
  } catch {
    throw invalid('has no base64url text in "k"');
  }
}

define({ CryptoKey });
