/** Text of guests and of strangers' files, as it may be shown on a terminal. */

/** What steers a terminal, or the direction in which it writes. */
// deno-lint-ignore no-control-regex
const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g;

/** Text with control characters made visible: what guests write must not steer a terminal. */
export function visible(text: string): string {
  return text.replaceAll(CONTROLS, (character) => {
    if (character === "\r") return "\\r";
    const code = character.charCodeAt(0).toString(16);
    return code.length > 2 ? `\\u${code}` : `\\x${code.padStart(2, "0")}`;
  });
}

/** The same on one line: a name is a part of a row, whatever is in it. */
export function visibleLine(text: string): string {
  return visible(text).replaceAll("\n", "\\n").replaceAll("\t", "\\t");
}

/**
 * Bytes on their way to a terminal, of which nothing is lost: what is no UTF-8 is shown as `\xff`.
 *
 * A `TextDecoder` shows one replacement character for whatever it cannot read.
 */
export class VisibleBytes {
  /** The beginning of a character, whose rest is still to come. */
  #left = new Uint8Array(0);

  /** What can be shown now. */
  add(data: Uint8Array): string {
    const bytes = new Uint8Array(this.#left.length + data.length);
    bytes.set(this.#left);
    bytes.set(data, this.#left.length);
    const end = bytes.length - beginning(bytes);
    this.#left = bytes.slice(end);
    return shown(bytes.subarray(0, end));
  }

  /** What is left when nothing more comes. */
  end(): string {
    const left = this.#left;
    this.#left = new Uint8Array(0);
    return shown(left);
  }
}

// A byte order mark is a character like any other.
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

/** How many bytes at the end may be the beginning of a character. */
function beginning(bytes: Uint8Array): number {
  for (let count = 1; count <= Math.min(3, bytes.length); count++) {
    const byte = bytes[bytes.length - count]!;
    if ((byte & 0xc0) !== 0x80) return sizeOf(byte) > count ? count : 0;
  }
  return 0;
}

/** How many bytes a character has that begins so. 0 if none does. */
function sizeOf(byte: number): number {
  if (byte < 0x80) return 1;
  if (byte < 0xc2 || byte > 0xf4) return 0;
  return byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
}
