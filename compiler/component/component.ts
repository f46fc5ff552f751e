/**
 * A program as a WebAssembly component: the one format in the cache and on its way to others.
 *
 * A thin component is an empty one whose custom sections hold the program: it needs the engine that it was
 * made for. A full one is that engine itself, with the program in its memory. Capsule's sections stand at the end, and
 * the last of them, which always has the same length, says where they begin and holds a digest over all that comes
 * before it: nothing else is read to find them.
 */
import type { EngineSource, Language } from "../../ffi/native.ts";
import { VERSION } from "../../version.ts";
import { digest, DIGEST_BYTES } from "../../ffi/digest.ts";
import type { Program } from "../program.ts";

/** The preamble of a component: magic, version 13, layer 1. */
const PREAMBLE = new Uint8Array([0x00, 0x61, 0x73, 0x6d, 0x0d, 0x00, 0x01, 0x00]);
const CUSTOM_SECTION = 0;
/** Changes when what the sections hold does. */
export const FORMAT = 3;
/** The version of the world in `engines/wit`. */
export const WORLD = 1;

const PROGRAM = "capsule:program";
const FILES = "capsule:files";
const END = "capsule:sha256";

/** What a component may hold: more than any needs. What is more is refused before it is read. */
const LIMITS = {
  header: 4 << 20,
  /** Sources or packages, and the source map. */
  contents: 256 << 20,
  sourceMap: 64 << 20,
  files: 20_000,
  folders: 100,
  path: 1000,
  /** Arrays and objects in the header. */
  values: 100_000,
};

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
  /** What lies before Capsule's own sections: the engine of a full one. */
  engineBytes: number;
  /** SHA-256 of all but the last bytes, which say so. */
  digest: Uint8Array;
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
  const begin = full ?? PREAMBLE;
  const text = section(PROGRAM, [encoder.encode(JSON.stringify(header))]);
  const end = new Uint8Array(NUMBER_BYTES * 2 + DIGEST_BYTES);
  const view = new DataView(end.buffer);
  view.setUint32(0, begin.length, true);
  view.setUint32(NUMBER_BYTES, begin.length + lengthOf(text), true);
  const component = concat([begin, ...text, ...section(FILES, contents), ...section(END, [end])]);
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

/** A component that need not be in memory. */
export interface ComponentBytes {
  length: number;
  /** @throws Where that cannot be read. */
  read(start: number, end: number): Uint8Array;
}

/**
 * What a component holds, or why this version cannot read it.
 *
 * @throws What reading it throws.
 */
export function decodeComponent(
  component: Uint8Array | ComponentBytes,
): Content | { problem: string } {
  const source = component instanceof Uint8Array ? bytesOf(component) : component;
  const { length, read } = source;
  const preamble = read(0, Math.min(length, PREAMBLE.length));
  if (!isSame(preamble, PREAMBLE)) {
    const isModule = isSame(preamble.subarray(0, 4), PREAMBLE.subarray(0, 4));
    return {
      problem: isModule ? "it is a WebAssembly module, not a component" : "it is no WebAssembly",
    };
  }
  const endStart = length - END_PREFIX.length - NUMBER_BYTES * 2 - DIGEST_BYTES;
  const end = read(Math.max(0, endStart), length);
  if (endStart < PREAMBLE.length || !isSame(end.subarray(0, END_PREFIX.length), END_PREFIX)) {
    return {
      problem: "it is cut off, or not a component that this version of capsule build made",
    };
  }
  const view = new DataView(end.buffer, end.byteOffset + END_PREFIX.length);
  const [start, filesStart] = [view.getUint32(0, true), view.getUint32(NUMBER_BYTES, true)];
  const isInOrder = PREAMBLE.length <= start && start < filesStart && filesStart < endStart;
  if (!isInOrder || filesStart - start > LIMITS.header || endStart - filesStart > LIMITS.contents) {
    return { problem: "its sections are damaged, or too large" };
  }
  const sealed = end.subarray(-DIGEST_BYTES);
  const text = payload(read(start, filesStart), PROGRAM);
  const framing = read(filesStart, Math.min(endStart, filesStart + FRAMING_BYTES_AT_MOST));
  const prefix = prefixOf(FILES, endStart - filesStart);
  if (text === undefined || !prefix || !isSame(framing.subarray(0, prefix.length), prefix)) {
    return { problem: "its sections are damaged" };
  }
  let header: Header;
  try {
    header = parseHeader(text);
    if (header.format !== FORMAT || header.world !== WORLD) {
      const { format, world, capsule } = header;
      return {
        problem: `it has format ${shown(format)} and world ${shown(world)}, of Capsule ` +
          `${
            shown(capsule)
          }; this Capsule ${VERSION} knows format ${FORMAT} and world ${WORLD}: build it again`,
      };
    }
    checkHeader(header, endStart - filesStart - prefix.length, start);
  } catch {
    // Whatever is wrong with it, it is no component of ours.
    return { problem: "its sections are damaged" };
  }
  const contents = read(filesStart + prefix.length, endStart);
  return { ...contentOf(header, contents), engineBytes: start, digest: sealed };
}

/** @throws What is no JSON, or more of it than any header has. */
function parseHeader(text: Uint8Array): Header {
  // Each costs much more memory than its two bytes.
  if (text.length > LIMITS.values) {
    let values = 0;
    for (const byte of text) if (byte === 0x5b || byte === 0x7b) values++;
    check(values <= LIMITS.values);
  }
  return JSON.parse(decoder.decode(text));
}

/** @throws What a component of this version does not say. */
function checkHeader(header: Header, contents: number, engineBytes: number): void {
  const { kind, language, name, engine, capsule, declarations, files, packages = [] } = header;
  check(kind === "thin" || kind === "full");
  check(language === "javascript" || language === "python");
  check([name, engine, capsule].every((text) => isText(text) && text.length <= LIMITS.path));
  check(kind === "full" || engineBytes === PREAMBLE.length);
  check(isText(declarations) || kind === "thin" && declarations === undefined);
  check(Array.isArray(files) && Array.isArray(packages) && packages.length <= LIMITS.folders);
  check(kind === "full" ? files.length === 0 : files.length > 0);
  for (const { guest, files } of packages) check(isText(guest) && Array.isArray(files));
  let [count, left] = [0, contents];
  const take = (bytes: number) => {
    check(Number.isSafeInteger(bytes) && bytes >= 0 && bytes <= left);
    left -= bytes;
  };
  take(header.source_map_bytes);
  check(header.source_map_bytes <= LIMITS.sourceMap);
  for (const list of [files, ...packages.map(({ files }) => files)]) {
    check((count += list.length) <= LIMITS.files);
    for (const { path, bytes } of list) {
      take(bytes);
      check(isText(path) && path.length <= LIMITS.path);
    }
  }
  check(left === 0);
}

/** Of a header that was checked. */
function contentOf(
  header: Header,
  contents: Uint8Array,
): Omit<Content, "engineBytes" | "digest"> {
  const { kind, language, name, engine, capsule, declarations } = header;
  let offset = 0;
  const take = (bytes: number) => contents.subarray(offset, offset += bytes);
  const takeFiles = (files: { path: string; bytes: number }[]) =>
    files.map(({ path, bytes }) => ({ path, data: take(bytes) }));
  const sourceMap = take(header.source_map_bytes);
  const program: Program = { language, name, files: takeFiles(header.files) };
  if (sourceMap.length > 0) program.sourceMap = sourceMap;
  const packages = header.packages?.map(({ guest, files }) => ({ guest, files: takeFiles(files) }));
  return { program, kind, engine, capsule, declarations, packages };
}

/** What a stranger says, short enough for a message. */
function shown(value: unknown): string {
  return (JSON.stringify(value) ?? "none").slice(0, 40);
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

/** Of 32 bits. */
const NUMBER_BYTES = 4;

function section(name: string, contents: Uint8Array[]): Uint8Array[] {
  const length = lengthOf(contents);
  return [framing(name, length), ...contents];
}

/** What stands before the contents of a section. */
function framing(name: string, length: number): Uint8Array {
  // Capsule's names are short, and ASCII: their length is a byte.
  const size = encodeUnsigned(1 + name.length + length);
  const bytes = new Uint8Array(2 + size.length + name.length);
  bytes[0] = CUSTOM_SECTION;
  bytes.set(size, 1);
  bytes[1 + size.length] = name.length;
  encoder.encodeInto(name, bytes.subarray(2 + size.length));
  return bytes;
}

const FRAMING_BYTES_AT_MOST = framing(PROGRAM, 2 ** 31).length;
const END_PREFIX = framing(END, NUMBER_BYTES * 2 + DIGEST_BYTES);

/** The framing of a section that has as many bytes in all, if there is one. */
function prefixOf(name: string, bytes: number): Uint8Array | undefined {
  // The larger the section, the longer its size: five bytes at most.
  for (let length = bytes - name.length - 3; length >= 0; length--) {
    const prefix = framing(name, length);
    if (prefix.length + length <= bytes) {
      return prefix.length + length === bytes ? prefix : undefined;
    }
  }
}

/** The contents of a section that has this name, and nothing behind it. */
function payload(bytes: Uint8Array, name: string): Uint8Array | undefined {
  const prefix = prefixOf(name, bytes.length);
  if (!prefix || !isSame(bytes.subarray(0, prefix.length), prefix)) return undefined;
  return bytes.subarray(prefix.length);
}

function isSame(one: Uint8Array, other: Uint8Array): boolean {
  if (one.length !== other.length) return false;
  for (let index = 0; index < one.length; index++) if (one[index] !== other[index]) return false;
  return true;
}

function bytesOf(component: Uint8Array): ComponentBytes {
  return { length: component.length, read: (start, end) => component.subarray(start, end) };
}

/** LEB128. */
function encodeUnsigned(value: number): number[] {
  const bytes = [];
  for (; value >= 0x80; value = Math.floor(value / 0x80)) bytes.push((value % 0x80) | 0x80);
  return [...bytes, value];
}

function lengthOf(parts: Uint8Array[]): number {
  return parts.reduce((sum, part) => sum + part.length, 0);
}

function concat(parts: Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(lengthOf(parts));
  let offset = 0;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.length;
  }
  return bytes;
}
