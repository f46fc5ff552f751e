/** SHA-256, by the native library: the first digest of a process by Web Crypto takes half a millisecond. */
import { library } from "./loaded.ts";

export const DIGEST_BYTES = 32;

/** The SHA-256 of some bytes. */
export function digest(content: Uint8Array): Uint8Array {
  const { capsule_sha256 } = library().functions;
  const sum = new Uint8Array(DIGEST_BYTES);
  capsule_sha256(content as Uint8Array<ArrayBuffer>, BigInt(content.length), sum);
  return sum;
}

/** The SHA-256 of bytes or of text, in hexadecimal. */
export function sha256(content: Uint8Array | string): string {
  return toHex(digest(typeof content === "string" ? encoder.encode(content) : content));
}

/** Bytes in hexadecimal: Node has no `toHex`. */
export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The path and the SHA-256 of each file. */
export function digestsOf(
  files: { path: string; data: Uint8Array }[],
): [path: string, digest: string][] {
  return files.map(({ path, data }) => [path, sha256(data)]);
}

const encoder = new TextEncoder();
