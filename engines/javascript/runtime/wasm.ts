/** Reading and writing modules of WebAssembly, as far as patches of the runtime need it. */

export function importedFunctions(content: Uint8Array): number {
  let { value: left, end: at } = leb(content, 0);
  let functions = 0;
  const skipLimits = () => {
    const flags = content[at++]!;
    at = leb(content, at).end;
    if (flags & 1) at = leb(content, at).end;
  };
  for (; left > 0; left--) {
    for (let name = 0; name < 2; name++) {
      const { value, end } = leb(content, at);
      at = end + value;
    }
    const kind = content[at++];
    if (kind === 0) {
      functions++;
      at = leb(content, at).end;
    } else if (kind === 1) {
      at++;
      skipLimits();
    } else if (kind === 2) {
      skipLimits();
    } else if (kind === 3) {
      at += 2;
    } else {
      throw new Error(`There is an import of kind ${kind}`);
    }
  }
  return functions;
}

/** A module or component with each of its sections replaced. */
export function rewrite(
  bytes: Uint8Array,
  replace: (id: number, content: Uint8Array) => Uint8Array,
): Uint8Array {
  const PREAMBLE = 8;
  const parts = [bytes.subarray(0, PREAMBLE)];
  for (let at = PREAMBLE; at < bytes.length;) {
    const id = bytes[at]!;
    const { value: length, end: start } = leb(bytes, at + 1);
    at = start + length;
    parts.push(Uint8Array.of(id), sized(replace(id, bytes.subarray(start, at))));
  }
  return concat(parts);
}

export function sized(content: Uint8Array): Uint8Array {
  return concat([Uint8Array.from(unsigned(content.length)), content]);
}

export function concat(parts: Uint8Array[]): Uint8Array {
  const result = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    result.set(part, at);
    at += part.length;
  }
  return result;
}

export function leb(bytes: Uint8Array, at: number): { value: number; end: number } {
  let value = 0;
  for (let shift = 0;; shift += 7) {
    const byte = bytes[at++]!;
    value += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) return { value, end: at };
  }
}

export function unsigned(value: number): number[] {
  return value < 0x80 ? [value] : [value & 0x7f | 0x80, ...unsigned(value >>> 7)];
}

export function signed(value: bigint): number[] {
  const byte = Number(value & 0x7fn);
  const rest = value >> 7n;
  const isLast = rest === 0n && byte < 0x40 || rest === -1n && byte >= 0x40;
  return isLast ? [byte] : [byte | 0x80, ...signed(rest)];
}
