/**
 * The thin component: a valid, empty WebAssembly component whose custom sections hold a program. It is
 * the one format of a bundled program, in the cache and on its way to others.
 */
import type { Language } from "../ffi/native.ts";
import type { Program } from "./program.ts";

/** The preamble of a component: magic, version 13, layer 1. */
const PREAMBLE = new Uint8Array([0x00, 0x61, 0x73, 0x6d, 0x0d, 0x00, 0x01, 0x00]);
const CUSTOM_SECTION = 0;
/** Changes when what the sections hold does. */
const FORMAT = 1;

/** The section `capsule:program`, JSON. The contents lie in `capsule:files`, in this order. */
interface Header {
  format: number;
  language: Language;
  name: string;
  files: { path: string; bytes: number }[];
  source_map_bytes: number;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true });

/** A program as a component. */
export function encodeComponent({ language, name, files, sourceMap }: Program): Uint8Array {
  const header: Header = {
    format: FORMAT,
    language,
    name,
    files: files.map(({ path, data }) => ({ path, bytes: data.length })),
    source_map_bytes: sourceMap?.length ?? 0,
  };
  const contents = files.map(({ data }) => data);
  if (sourceMap) contents.push(sourceMap);
  return concat([
    PREAMBLE,
    ...section("capsule:program", [encoder.encode(JSON.stringify(header))]),
    ...section("capsule:files", contents),
  ]);
}

/** The program in a component, or undefined if it holds none that this version can read. */
export function decodeComponent(component: Uint8Array): Program | undefined {
  try {
    const sections = customSections(component);
    const header: Header = JSON.parse(decoder.decode(sections.get("capsule:program")));
    const contents = sections.get("capsule:files");
    if (header.format !== FORMAT || contents === undefined) return undefined;
    let offset = 0;
    const take = (bytes: number) => {
      if (offset + bytes > contents.length) throw new RangeError("the section is too short");
      return contents.subarray(offset, offset += bytes);
    };
    const files = header.files.map(({ path, bytes }) => ({ path, data: take(bytes) }));
    const program: Program = { language: header.language, name: header.name, files };
    if (header.source_map_bytes > 0) program.sourceMap = take(header.source_map_bytes);
    return program;
  } catch {
    // Whatever is wrong with it, it is no component of ours.
    return undefined;
  }
}

function section(name: string, contents: Uint8Array[]): Uint8Array[] {
  const bytes = encoder.encode(name);
  const length = contents.reduce((sum, part) => sum + part.length, 0);
  const prefix = concat([encodeUnsigned(bytes.length), bytes]);
  return [
    Uint8Array.of(CUSTOM_SECTION),
    encodeUnsigned(prefix.length + length),
    prefix,
    ...contents,
  ];
}

function customSections(component: Uint8Array): Map<string, Uint8Array> {
  if (PREAMBLE.some((byte, index) => component[index] !== byte)) {
    throw new TypeError("no component");
  }
  const sections = new Map<string, Uint8Array>();
  for (let offset = PREAMBLE.length; offset < component.length;) {
    const id = component[offset]!;
    const [length, start] = decodeUnsigned(component, offset + 1);
    const end = start + length;
    if (end > component.length) throw new RangeError("a section is longer than the component");
    if (id === CUSTOM_SECTION) {
      const [nameLength, nameStart] = decodeUnsigned(component, start);
      const name = decoder.decode(component.subarray(nameStart, nameStart + nameLength));
      sections.set(name, component.subarray(nameStart + nameLength, end));
    }
    offset = end;
  }
  return sections;
}

/** LEB128. */
function encodeUnsigned(value: number): Uint8Array {
  const bytes = [];
  for (; value >= 0x80; value = Math.floor(value / 0x80)) bytes.push((value % 0x80) | 0x80);
  return Uint8Array.of(...bytes, value);
}

/** The value, and the offset behind it. */
function decodeUnsigned(bytes: Uint8Array, offset: number): [number, number] {
  let value = 0;
  for (let factor = 1; factor < 2 ** 35; factor *= 0x80) {
    const byte = bytes[offset++];
    if (byte === undefined) break;
    value += (byte & 0x7f) * factor;
    if (byte < 0x80) return [value, offset];
  }
  throw new RangeError("a number has no end");
}

function concat(parts: Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.length;
  }
  return bytes;
}
