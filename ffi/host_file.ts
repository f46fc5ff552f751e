/**
 * The one way in which the host reads files that came with a program: a repository's settings, modules, packages.
 * Whoever made them may have put a device, a pipe, a link or a terabyte there.
 */
import { CapsuleError, type CapsuleErrorCode } from "../errors/error.ts";
import { BUFFER_BYTES, takeBuffer } from "./library.ts";
import { library } from "./loaded.ts";
import { STATUS } from "./symbols.ts";
import { clippedPath } from "../errors/clipped.ts";

/** What a source, a module or a data file that a program imports may have: more than any has. */
export const SOURCE_BYTES_AT_MOST = 64 << 20;
/** The same for settings: deno.json, tsconfig.json, package.json. */
export const SETTINGS_BYTES_AT_MOST = 1 << 20;
/** A component. */
const MADE_BYTES_AT_MOST = 2 ** 30;

export interface HostFileOptions {
  /** A larger file is refused. */
  maxBytes: number;
  /** Absolute. The file has to lie in this folder once all links are followed. */
  inside?: string | undefined;
  /** Of the error. */
  code: CapsuleErrorCode;
}

/**
 * Reads a regular file, and nothing else. The file that is checked is the file that is read; nothing is waited for.
 *
 * @param path Absolute.
 * @returns Its content, or undefined if nothing lies at the path.
 * @throws {CapsuleError} with the given code, for what is no regular file, too large, outside of the folder, or
 * cannot be read.
 */
export function readHostFile(
  path: string,
  { maxBytes, inside = "", code }: HostFileOptions,
): Uint8Array | undefined {
  const [name, folder] = [encoder.encode(path), encoder.encode(inside)];
  const [content, error] = [new Uint8Array(BUFFER_BYTES), new Uint8Array(BUFFER_BYTES)];
  const status = library().functions.capsule_read_file(
    name,
    BigInt(name.length),
    folder,
    BigInt(folder.length),
    BigInt(maxBytes),
    content,
    error,
  );
  if (status === STATUS.ok) return takeBuffer(library(), content, (bytes) => bytes.slice());
  const told = takeBuffer(library(), error, (bytes) => decoder.decode(bytes));
  if (status === STATUS.notFound) return undefined;
  const problem = status === STATUS.failed ? JSON.parse(told).message : told;
  throw new CapsuleError(code, `Cannot read "${clippedPath(path)}": ${clippedPath(problem)}`);
}

/**
 * Reads a part of a file in the same way.
 *
 * @param path Absolute.
 * @throws {CapsuleError} with the given code, for a file that is shorter, too.
 */
export function readHostFilePart(
  path: string,
  { start, end, code }: { start: number; end: number; code: CapsuleErrorCode },
): Uint8Array {
  const name = encoder.encode(path);
  const [content, error] = [new Uint8Array(BUFFER_BYTES), new Uint8Array(BUFFER_BYTES)];
  const status = library().functions.capsule_read_file_part(
    name,
    BigInt(name.length),
    BigInt(start),
    BigInt(end - start),
    content,
    error,
  );
  if (status === STATUS.ok) return takeBuffer(library(), content, (bytes) => bytes.slice());
  const told = takeBuffer(library(), error, (bytes) => decoder.decode(bytes));
  const isJson = status === STATUS.failed || status === STATUS.notFound;
  const problem = isJson ? JSON.parse(told).message : told;
  throw new CapsuleError(code, `Cannot read "${path}": ${problem}`);
}

/** The same for what Capsule itself made: whatever lies there instead is no reason to fail, or to wait. */
export function readMadeFile(path: string): Uint8Array | undefined {
  try {
    return readHostFile(path, { maxBytes: MADE_BYTES_AT_MOST, code: "file_not_found" });
  } catch (error) {
    if (!(error instanceof CapsuleError)) throw error;
  }
}

/**
 * {@link readHostFile}, as text.
 *
 * @throws {CapsuleError} for what is not UTF-8, too.
 */
export function readHostTextFile(path: string, options: HostFileOptions): string | undefined {
  const content = readHostFile(path, options);
  if (content === undefined) return undefined;
  try {
    return strictDecoder.decode(content);
  } catch (cause) {
    throw new CapsuleError(options.code, `Cannot read "${path}": it is not UTF-8`, { cause });
  }
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const strictDecoder = new TextDecoder("utf-8", { fatal: true });
