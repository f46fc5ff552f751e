/** Makes untrusted text safe to show on a terminal. */

/** Control characters, and those that change the direction of text. */
// deno-lint-ignore no-control-regex
const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g;

/** Escapes control characters, so that guests cannot control the terminal. Keeps newlines and tabs. */
export function visible(text: string): string {
  return text.replaceAll(CONTROLS, (character) => {
    if (character === "\r") return "\\r";
    const code = character.charCodeAt(0).toString(16);
    return code.length > 2 ? `\\u${code}` : `\\x${code.padStart(2, "0")}`;
  });
}

/** Escapes control characters, newlines and tabs: for a name within a line. */
export function visibleLine(text: string): string {
  return visible(text).replaceAll("\n", "\\n").replaceAll("\t", "\\t");
}

/**
 * Decodes a stream of bytes for a terminal. Bytes that are not UTF-8 are shown as `\xff`; a `TextDecoder` would replace
 * all of them with the same character.
 */
export class VisibleBytes {
  /** The first bytes of a character that is not complete yet. */
  #left = new Uint8Array(0);

  /** Adds bytes. Returns the text of all characters that are complete. */
  add(data: Uint8Array): string {
    const bytes = new Uint8Array(this.#left.length + data.length);
    bytes.set(this.#left);
    bytes.set(data, this.#left.length);
    const end = bytes.length - incompleteBytes(bytes);
    this.#left = bytes.slice(end);
    return shown(bytes.subarray(0, end));
  }

  /** The text of an incomplete character at the end of the stream. */
  end(): string {
    const left = this.#left;
    this.#left = new Uint8Array(0);
    return shown(left);
  }
}

// A byte order mark is kept like any other character.
const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function shown(bytes: Uint8Array): string {
  const whole = decode(bytes);
  if (whole !== undefined) return visible(whole);
  let text = "";
  for (let offset = 0; offset < bytes.length;) {
    const size = sizeOf(bytes[offset]!);
    const character = size > 0 ? decode(bytes.subarray(offset, offset + size)) : undefined;
    text += character === undefined
      ? `\\x${bytes[offset]!.toString(16).padStart(2, "0")}`
      : visible(character);
    offset += character === undefined ? 1 : size;
  }
  return text;
}

function decode(bytes: Uint8Array): string | undefined {
  try {
    return strict.decode(bytes);
  } catch {
    return undefined;
  }
}

/** How many bytes at the end are an incomplete character. */
function incompleteBytes(bytes: Uint8Array): number {
  for (let count = 1; count <= Math.min(3, bytes.length); count++) {
    const byte = bytes[bytes.length - count]!;
    if ((byte & 0xc0) !== 0x80) return sizeOf(byte) > count ? count : 0;
  }
  return 0;
}

/** The length of a character with this first byte; 0 if the byte cannot be first. */
function sizeOf(byte: number): number {
  if (byte < 0x80) return 1;
  if (byte < 0xc2 || byte > 0xf4) return 0;
  return byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
}
