/** Single operations of the host on files, which `fs.ts` combines. */
import path from "../files/path.ts";
import { Operation } from "../../operations.ts";
import os from "../process/os.ts";
import { readStdin } from "../process/stdin.ts";

export interface Path {
  tag: "text" | "bytes" | "file-url";
  val: string | Uint8Array;
}
export type PathOrDescriptor = { tag: "path"; val: Path } | { tag: "descriptor"; val: number };
export type Tagged<T> = { tag: string; val: T };

/** Metadata of a file, from the host. */
export interface HostStat {
  kind: "file" | "folder" | "link" | "other";
  size: number;
  links: number;
  accessed?: number;
  modified?: number;
  changed?: number;
}

interface Entry {
  name: string;
  kind: HostStat["kind"];
}

/** How a file is opened. */
interface Mode {
  read: boolean;
  write: boolean;
  create: boolean;
  exclusive: boolean;
  truncate: boolean;
  append: boolean;
}

const { parse, stringify } = JSON;
const NO_BYTES: Uint8Array = new Uint8Array(0);
const PERMISSIONS = { file: 0o100644, folder: 0o040755, link: 0o120777, other: 0o100000 };
export const TYPES = { file: "file", folder: "directory", link: "symlink", other: "unknown" };
const LINKS_AT_MOST = 40;
const STDIN = 0;
/** The values of Node's `fs.constants`. */
const O = { WRONLY: 1, RDWR: 2, CREAT: 0o100, EXCL: 0o200, TRUNC: 0o1000, APPEND: 0o2000 };

/** Open files: the position of the next read or write, and whether writes append. */
const positions = new Map<number, { offset: number; append: boolean }>();

/** An error with the fields of Node's. */
export class FileError extends Error {
  readonly code: string;
  readonly errno: { tag: "number"; val: bigint };
  readonly syscall: string;
  readonly path: string | undefined;
  readonly dest: string | undefined;

  constructor(code: string, syscall: string, path?: string, dest?: string) {
    const where = path === undefined ? "" : ` '${path}'`;
    super(
      `${code}: ${MESSAGES[code] ?? "error"}, ${syscall}${where}${dest ? ` -> '${dest}'` : ""}`,
    );
    const number = os.constants.errno[code as keyof typeof os.constants.errno] ?? 5;
    this.code = code;
    this.errno = { tag: "number", val: BigInt(-number) };
    this.syscall = syscall;
    this.path = path;
    this.dest = dest;
  }
}

const MESSAGES: Record<string, string> = {
  EACCES: "permission denied",
  EBADF: "bad file descriptor",
  EEXIST: "file already exists",
  EFBIG: "file too large",
  EINVAL: "invalid argument",
  EIO: "i/o error",
  EISDIR: "illegal operation on a directory",
  ELOOP: "too many symbolic links encountered",
  EMFILE: "too many open files",
  ENAMETOOLONG: "name too long",
  ENOENT: "no such file or directory",
  ENOSPC: "no space left on device",
  ENOTDIR: "not a directory",
  ENOTEMPTY: "directory not empty",
  ENOTSUP: "operation not supported",
  EOVERFLOW: "value too large for defined data type",
  EPERM: "operation not permitted",
  EROFS: "read-only file system",
  EXDEV: "cross-device link not permitted",
};

/** Converts an error into a record, from which jco builds its own. */
export function result<A extends unknown[], R>(body: (...args: A) => R): (...args: A) => unknown {
  return (...args) => {
    try {
      return { tag: "ok", val: body(...args) };
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      const { message, code, errno, syscall, path, dest } = error;
      return { tag: "err", val: { name: "Error", message, code, errno, syscall, path, dest } };
    }
  };
}

/** Runs an operation of the host. It fails with the error of a call in Node, with its path. */
export function ask<T>(
  request: Record<string, unknown>,
  syscall: string,
  shown?: string,
  bytes = NO_BYTES,
): { value: T; bytes: Uint8Array } {
  const outcome = new Operation("file", stringify(request), bytes).wait();
  if (outcome.json.startsWith('{"error":')) {
    const { error } = parse(outcome.json);
    if (error.error_type === "invalid_request") throw new FileError("EINVAL", syscall, shown);
    if (error.code === undefined) throw new Error(error.message);
    throw new FileError(error.code, syscall, shown, request.to as string | undefined);
  }
  return { value: parse(outcome.json), bytes: outcome.bytes };
}

export function textOf({ tag, val }: Path): string {
  if (tag === "file-url") {
    const { pathname } = new URL(val as string);
    return decodeURIComponent(pathname);
  }
  const text = typeof val === "string" ? val : new TextDecoder().decode(val);
  if (text.includes("\0")) {
    throw Object.assign(new TypeError("The path must be a string without null bytes"), {
      code: "ERR_INVALID_ARG_VALUE",
    });
  }
  return text;
}

export function absolute(text: string): string {
  return path.resolve(text);
}

export function statOf(text: string, follow: boolean, syscall: string): HostStat {
  return ask<HostStat>({ do: "stat", path: absolute(text), follow }, syscall, text).value;
}

export function statIfThere(text: string, follow: boolean): HostStat | undefined {
  try {
    return statOf(text, follow, "stat");
  } catch (error) {
    if (error instanceof FileError && ["ENOENT", "ENOTDIR"].includes(error.code)) return undefined;
    throw error;
  }
}

/**
 * Whether a path lies outside all folders of the task. It says nothing about the host.
 */
export function isOutside(text: string): boolean {
  const [, top] = absolute(text).split("/");
  try {
    if (!top || statIfThere(`/${top}`, false) !== undefined) return false;
    ask({ do: "read_link", path: "/" }, "readlink", "/");
  } catch (error) {
    // The root is not a folder of the task: it only lists them.
    return error instanceof FileError && error.code === "EPERM";
  }
  return false;
}

/** In the form that jco reads. */
export function described(stat: HostStat, bigint: boolean): Record<string, unknown> {
  const number = (value: number) =>
    bigint ? { tag: "bigint", val: BigInt(Math.trunc(value)) } : { tag: "number", val: value };
  const [accessed, modified, changed] = [stat.accessed, stat.modified, stat.changed].map((time) =>
    time ?? 0
  ) as [number, number, number];
  const nanoseconds = (ms: number) => bigint ? BigInt(Math.trunc(ms * 1e6)) : undefined;
  return {
    dev: number(1),
    ino: number(0),
    mode: number(PERMISSIONS[stat.kind]),
    nlink: number(stat.links),
    uid: number(1000),
    gid: number(1000),
    rdev: number(0),
    size: number(stat.size),
    blksize: number(4096),
    blocks: number(Math.ceil(stat.size / 512)),
    atimeMs: number(accessed),
    mtimeMs: number(modified),
    ctimeMs: number(changed),
    birthtimeMs: number(changed),
    atimeNs: nanoseconds(accessed),
    mtimeNs: nanoseconds(modified),
    ctimeNs: nanoseconds(changed),
    birthtimeNs: nanoseconds(changed),
    fileType: TYPES[stat.kind],
  };
}

const FLAGS: Record<string, string> = {
  r: "r",
  rs: "r",
  sr: "r",
  w: "w",
  a: "a",
  as: "a",
  sa: "a",
};

/** `"r+"`, `"wx"` or a number of flags. */
export function modeOf({ val }: Tagged<number | string>): Mode {
  if (typeof val === "number") {
    const access = val & 3;
    return {
      read: access !== O.WRONLY,
      write: access !== 0,
      create: (val & O.CREAT) !== 0,
      exclusive: (val & O.EXCL) !== 0,
      truncate: (val & O.TRUNC) !== 0,
      append: (val & O.APPEND) !== 0,
    };
  }
  const kind = FLAGS[val.replaceAll(/[+x]/g, "")];
  if (kind === undefined) {
    throw Object.assign(new TypeError(`The argument 'flags' is invalid. Received '${val}'`), {
      code: "ERR_INVALID_ARG_VALUE",
    });
  }
  return {
    read: kind === "r" || val.includes("+"),
    write: kind !== "r" || val.includes("+"),
    create: kind !== "r",
    exclusive: val.includes("x"),
    truncate: kind === "w",
    append: kind === "a",
  };
}

export function openFile(text: string, mode: Mode): number {
  const { append, ...flags } = mode;
  const fd = ask<number>({ do: "open", path: absolute(text), ...flags }, "open", text).value;
  positions.set(fd, { offset: 0, append });
  return fd;
}

export function closeFile(fd: number): void {
  ask({ do: "close", fd }, "close");
  positions.delete(fd);
}

/** Calls back with an open file, which it opens and closes for a path. */
export function withFile<T>(file: PathOrDescriptor, flag: string, body: (fd: number) => T): T {
  if (file.tag === "descriptor") return body(file.val);
  if (textOf(file.val) === "/dev/stdin") return body(STDIN);
  const fd = openFile(textOf(file.val), modeOf({ tag: "symbolic", val: flag }));
  try {
    return body(fd);
  } finally {
    closeFile(fd);
  }
}

/** As Node does before it reads. */
function checkPosition(position: bigint, length: number): void {
  const most = 2n ** 63n - 1n - BigInt(length);
  if (position <= most) return;
  const message = 'The value of "position" is out of range. ' +
    `It must be >= -1 && <= ${most}. Received ${position}`;
  throw Object.assign(new RangeError(message), { code: "ERR_OUT_OF_RANGE" });
}

export function readAt(fd: number, length: number, position: bigint | undefined): Uint8Array {
  if (fd === STDIN) return readStdin(length);
  const state = positions.get(fd);
  if (state === undefined) throw new FileError("EBADF", "read");
  if (position !== undefined) checkPosition(position, length);
  const offset = position === undefined ? state.offset : Number(position);
  const { bytes } = ask({ do: "read", fd, offset, length }, "read");
  if (position === undefined) state.offset += bytes.length;
  return bytes;
}

export function writeAt(fd: number, bytes: Uint8Array, position: bigint | undefined): number {
  const state = positions.get(fd);
  if (state === undefined) throw new FileError("EBADF", "write");
  const offset = state.append ? null : position === undefined ? state.offset : Number(position);
  const { value } = ask<number>({ do: "write", fd, offset }, "write", undefined, bytes);
  if (position === undefined) state.offset += value;
  return value;
}

/** Reads from the position to the end. */
export function readAll(fd: number): Uint8Array {
  const parts: Uint8Array[] = [];
  for (;;) {
    const part = readAt(fd, 64 << 20, undefined);
    parts.push(part);
    if (part.length < 64 << 20) break;
  }
  return parts.length === 1 ? parts[0]! : new Uint8Array(Buffer.concat(parts));
}

export function list(text: string, syscall = "scandir"): Entry[] {
  const entries = ask<Entry[]>({ do: "list", path: absolute(text) }, syscall, text).value;
  return entries.sort((a, b) => a.name < b.name ? -1 : 1);
}

export function removeTree(text: string, kind: HostStat["kind"]): void {
  if (kind !== "folder") {
    ask({ do: "remove_file", path: absolute(text) }, "unlink", text);
    return;
  }
  for (const entry of list(text)) removeTree(path.join(text, entry.name), entry.kind);
  ask({ do: "remove_folder", path: absolute(text) }, "rmdir", text);
}

export function copy(from: string, to: string, exclusive: boolean): void {
  const source: PathOrDescriptor = { tag: "path", val: { tag: "text", val: from } };
  const bytes = withFile(source, "r", readAll);
  const target: PathOrDescriptor = { tag: "path", val: { tag: "text", val: to } };
  withFile(target, exclusive ? "wx" : "w", (fd) => writeAt(fd, bytes, undefined));
}

export interface CopyOptions {
  dereference: boolean;
  errorOnExist: boolean;
  force: boolean;
  preserveTimestamps: boolean;
  recursive: boolean;
}

export function copyTree(from: string, to: string, options: CopyOptions): void {
  const stat = statOf(from, options.dereference, "cp");
  if (stat.kind === "folder") {
    if (!options.recursive) throw new FileError("EISDIR", "cp", from);
    if (statIfThere(to, true) === undefined) makeFolder(to);
    for (const { name } of list(from)) {
      copyTree(path.join(from, name), path.join(to, name), options);
    }
    return;
  }
  if (statIfThere(to, false) !== undefined) {
    if (options.errorOnExist) throw new FileError("EEXIST", "cp", to);
    if (!options.force) return;
  }
  if (stat.kind === "link") {
    const target = ask<string>({ do: "read_link", path: absolute(from) }, "readlink", from).value;
    ask({ do: "make_link", path: absolute(to), target }, "symlink", to);
    return;
  }
  copy(from, to, false);
  if (options.preserveTimestamps) setTimes(to, stat.accessed ?? 0, stat.modified ?? 0, true);
}

export function makeFolder(text: string): void {
  ask({ do: "make_folder", path: absolute(text) }, "mkdir", text);
}

export function setTimes(text: string, accessed: number, modified: number, follow: boolean): void {
  ask({ do: "set_times", path: absolute(text), accessed, modified, follow }, "utime", text);
}

/** Every name that a path goes through, without links. */
export function realPath(text: string): string {
  let rest = absolute(text).split("/").filter(Boolean);
  let real = "/";
  for (let links = 0; rest.length > 0;) {
    const [name, ...others] = rest;
    const next = path.join(real, name!);
    if (statOf(next, false, "realpath").kind === "link") {
      if (++links > LINKS_AT_MOST) throw new FileError("ELOOP", "realpath", text);
      const target = ask<string>({ do: "read_link", path: next }, "realpath", text).value;
      rest = [...path.resolve(real, target).split("/").filter(Boolean), ...others];
      real = "/";
    } else {
      real = next;
      rest = others;
    }
  }
  return real;
}

/** All paths below a folder. */
export function* walk(
  folder: string,
  below = "",
): Generator<{ path: string; entry: Entry; parent: string }> {
  const here = path.join(folder, below);
  for (const entry of list(here)) {
    const name = below ? `${below}/${entry.name}` : entry.name;
    yield { path: name, entry, parent: here };
    if (entry.kind === "folder") yield* walk(folder, name);
  }
}
