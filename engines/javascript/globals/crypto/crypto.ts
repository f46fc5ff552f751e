/** Randomness: fresh in every call, the same for all calls only while a program is loaded. */
import * as host from "capsule:host/operations@1.0.0";
import { define } from "../define.ts";
import { SubtleCrypto } from "./subtle.ts";

/** What `getRandomValues` gives at once, as everywhere. */
const QUOTA_BYTES = 65_536;

let state: Uint32Array | undefined;

/** Forgets the numbers that `Math.random` drew from: an image would repeat them in every call. */
export function reseed(): void {
  state = undefined;
}

/** `Math.random`: xoshiro128**, seeded by the host when it is first called. */
function random(): number {
  const s = state ??= new Uint32Array(host.random(16).slice().buffer);
  const high = next(s) >>> 5;
  const low = next(s) >>> 6;
  return (high * 67_108_864 + low) / 9_007_199_254_740_992;
}

function next(s: Uint32Array): number {
  const result = Math.imul(rotate(Math.imul(s[1]!, 5), 7), 9);
  const t = s[1]! << 9;
  s[2]! ^= s[0]!;
  s[3]! ^= s[1]!;
  s[1]! ^= s[2]!;
  s[0]! ^= s[3]!;
  s[2]! ^= t;
  s[3] = rotate(s[3]!, 11);
  return result;
}

function rotate(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}

/** As the Web Cryptography API has it. */
const crypto = {
  subtle: new SubtleCrypto(),

  getRandomValues<T extends ArrayBufferView>(array: T): T {
    if (!ArrayBuffer.isView(array) || array instanceof DataView || isFloat(array)) {
      throw new DOMException("The argument is not an integer typed array", "TypeMismatchError");
    }
    if (array.byteLength > QUOTA_BYTES) {
      throw new DOMException(
        `At most ${QUOTA_BYTES} bytes of randomness, not ${array.byteLength}`,
        "QuotaExceededError",
      );
    }
    const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
    bytes.set(host.random(bytes.length));
    return array;
  },

  randomUUID(): string {
    const bytes = host.random(16);
    bytes[6] = (bytes[6]! & 0x0f) | 0x40;
    bytes[8] = (bytes[8]! & 0x3f) | 0x80;
    const hex = bytes.toHex();
    return [
      hex.slice(0, 8),
      hex.slice(8, 12),
      hex.slice(12, 16),
      hex.slice(16, 20),
      hex.slice(20),
    ].join("-");
  },
};

function isFloat(array: ArrayBufferView): boolean {
  return array instanceof Float32Array || array instanceof Float64Array ||
    array instanceof Float16Array;
}

define({ crypto });
Math.random = random;
