/** The SHA-256 of bytes or of text, in hexadecimal. */
export async function sha256(content: Uint8Array | string): Promise<string> {
  const bytes = typeof content === "string" ? encoder.encode(content) : content;
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes as BufferSource));
  // Node has no `toHex`.
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The path and the SHA-256 of each file. */
export function digestsOf(
  files: { path: string; data: Uint8Array }[],
): Promise<[path: string, digest: string][]> {
  return Promise.all(files.map(async ({ path, data }) => [path, await sha256(data)]));
}

const encoder = new TextEncoder();
