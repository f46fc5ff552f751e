/**
 * A program as a WebAssembly component: the one format in the cache and on its way to others.
 *
 * A thin component is an empty one whose custom sections hold the program: it needs the engine that it was
 * made for. A full one is that engine itself, with the program in its memory. Both end with a digest over
 * all that comes before.
 */
import type { EngineSource, Language } from "../ffi/native.ts";
import { VERSION } from "../version.ts";
import { digest, DIGEST_BYTES } from "./digest.ts";
import type { Program } from "./program.ts";

/** The preamble of a component: magic, version 13, layer 1. */
const PREAMBLE = new Uint8Array([0x00, 0x61, 0x73, 0x6d, 0x0d, 0x00, 0x01, 0x00]);
const CUSTOM_SECTION = 0;
/** Changes when what the sections hold does. */
const FORMAT = 2;
/** The version of the world in `engines/wit`. */
export const WORLD = 1;

const PROGRAM = "capsule:program";
const FILES = "capsule:files";
const DIGEST = "capsule:sha256";

/** The section `capsule:program`, JSON. The contents lie in `capsule:files`, in this order. */
interface Header {
  format: number;
  world: number;
  /** The version of Capsule that made it. */
  capsule: string;
  kind: ComponentKind;
  language: Language;
  /** SHA-256 of the engine's component, in hexadecimal. */
  engine: string;
  name: string;
  /** What the engine told of the tasks, as JSON. */
  declarations?: string | undefined;
  files: { path: string; bytes: number }[];
  source_map_bytes: number;
  packages?: { guest: string; files: { path: string; bytes: number }[] }[] | undefined;
}

export type ComponentKind = "thin" | "full";

/** What a component holds. */
export interface Content {
  program: Program;
  kind: ComponentKind;
  /** SHA-256 of the engine's component, in hexadecimal. */
  engine: string;
  /** The version of Capsule that made it. */
  capsule: string;
  /** What the engine told of the tasks, as JSON. Always there in a full component. */
  declarations?: string | undefined;
  /** Folders that a program in Python imports from. */
  packages?: PackageFolder[] | undefined;
}

/** A folder of packages that goes with a program. */
export interface PackageFolder {
  /** Where the guest sees it. */
  guest: string;
  files: PackageFile[];
}

export interface PackageFile {
  /** Seen from the folder. */
  path: string;
  data: Uint8Array;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true });

/** What a component is made of, besides the program. */
export interface Encoding {
  engine: EngineSource;
  /** The engine with the program in its memory, for a full component. */
  full?: Uint8Array;
  declarations?: string;
  packages?: PackageFolder[];
}

/** A program as a component. */
export function encodeComponent(program: Program, encoding: Encoding): Uint8Array {
  const { language, name, sourceMap } = program;
  const { engine, full, declarations, packages } = encoding;
  // A full one holds the program as the engine's memory.
  const files = full === undefined ? program.files : [];
  const header: Header = {
    format: FORMAT,
    world: WORLD,
    capsule: VERSION,
    kind: full === undefined ? "thin" : "full",
    language,
    engine: engine.digest,
    name,
    declarations,
    files: files.map(sizeOf),
    source_map_bytes: sourceMap?.length ?? 0,
    packages: packages?.map(({ guest, files }) => ({ guest, files: files.map(sizeOf) })),
  };
  const contents = [...files, ...(packages ?? []).flatMap(({ files }) => files)]
    .map(({ data }) => data);
  if (sourceMap) contents.unshift(sourceMap);
  const component = concat([
    full ?? PREAMBLE,
    ...section(PROGRAM, [encoder.encode(JSON.stringify(header))]),
    ...section(FILES, contents),
    ...section(DIGEST, [new Uint8Array(DIGEST_BYTES)]),
  ]);
  seal(component);
  return component;
}

/** Writes the digest of all that comes before it to the end of a component. */
export function seal(component: Uint8Array): void {
  const at = component.length - DIGEST_BYTES;
  component.set(digest(component.subarray(0, at)), at);
}

/** Whether a component is as it was made. Whoever changes it may put this right, too. */
export function isWhole(component: Uint8Array): boolean {
  const at = component.length - DIGEST_BYTES;
  if (at < PREAMBLE.length) return false;
  const found = digest(component.subarray(0, at));
  return found.every((byte, index) => byte === component[at + index]);
}

/** What a component holds, or why this version cannot read it. */
export function decodeComponent(component: Uint8Array): Content | { problem: string } {
  let sections: Map<string, Uint8Array>;
  try {
    sections = customSections(component);
  } catch (error) {
    return { problem: (error as Error).message };
  }
  const text = sections.get(PROGRAM);
  const contents = sections.get(FILES);
  if (text === undefined || contents === undefined) {
    return { problem: "it is a component of something else: capsule build makes those that run" };
  }
  try {
    const header: Header = JSON.parse(decoder.decode(text));
    if (header.format !== FORMAT || header.world !== WORLD) {
      const { format, world, capsule } = header;
      return {
        problem: `it has format ${format} and world ${world}, of Capsule ${capsule}; ` +
          `this Capsule ${VERSION} knows format ${FORMAT} and world ${WORLD}`,
      };
    }
    return decodeContent(header, contents);
  } catch {
    // Whatever is wrong with it, it is no component of ours.
    return { problem: "its sections are damaged" };
  }
}

function decodeContent(header: Header, contents: Uint8Array): Content {
  const { kind, language, name, engine, capsule, declarations } = header;
  check(kind === "thin" || kind === "full");
  check(language === "javascript" || language === "python");
  for (const text of [name, engine, capsule]) check(isText(text));
  check(kind === "full" ? header.files.length === 0 : header.files.length > 0);
  check(isText(declarations) || kind === "thin" && declarations === undefined);
  let offset = 0;
  const take = (bytes: number) => {
    check(Number.isSafeInteger(bytes) && bytes >= 0 && offset + bytes <= contents.length);
    return contents.subarray(offset, offset += bytes);
  };
  const takeFiles = (files: { path: string; bytes: number }[]) =>
    files.map(({ path, bytes }) => {
      check(isText(path));
      return { path, data: take(bytes) };
    });
  const sourceMap = take(header.source_map_bytes);
  const program: Program = { language, name, files: takeFiles(header.files) };
  if (sourceMap.length > 0) program.sourceMap = sourceMap;
  const packages = header.packages?.map(({ guest, files }) => {
    check(isText(guest));
    return { guest, files: takeFiles(files) };
  });
  check(offset === contents.length);
  return { program, kind, engine, capsule, declarations, packages };
}

/** Whether it can be written as UTF-8. */
function isText(value: unknown): value is string {
  return typeof value === "string" && value.isWellFormed();
}

function check(isRight: boolean): void {
  if (!isRight) throw new TypeError("the header is malformed");
}

function sizeOf({ path, data }: { path: string; data: Uint8Array }) {
  return { path, bytes: data.length };
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

/** The custom sections at the top. Of those of one name, the last counts: Capsule's stand at the end. */
function customSections(component: Uint8Array): Map<string, Uint8Array> {
  if (PREAMBLE.some((byte, index) => component[index] !== byte)) {
    const isModule = PREAMBLE.subarray(0, 4).every((byte, index) => component[index] === byte);
    throw new TypeError(
      isModule ? "it is a WebAssembly module, not a component" : "it is no WebAssembly",
    );
  }
  const sections = new Map<string, Uint8Array>();
  for (let offset = PREAMBLE.length; offset < component.length;) {
    const id = component[offset]!;
    const [length, start] = decodeUnsigned(component, offset + 1);
    const end = start + length;
    if (end > component.length) throw new RangeError("it is cut off, or damaged");
    if (id === CUSTOM_SECTION) {
      const [nameLength, nameStart] = decodeUnsigned(component, start);
      const nameEnd = nameStart + nameLength;
      if (nameEnd > end) throw new RangeError("it is damaged");
      sections.set(
        latin1(component.subarray(nameStart, nameEnd)),
        component.subarray(nameEnd, end),
      );
    }
    offset = end;
  }
  return sections;
}

/** Names of others need not be text. */
function latin1(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes.subarray(0, 100));
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
  throw new RangeError("it is cut off, or damaged");
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
