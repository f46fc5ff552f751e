/**
 * The file functions that jco's `node:fs` needs, built from operations of the host to behave as in Node.
 */
import path, { currentFolder } from "../files/path.ts";
import {
  absolute,
  ask,
  closeFile,
  copy,
  type CopyOptions,
  copyTree,
  described,
  FileError,
  type HostStat,
  list,
  makeFolder,
  modeOf,
  openFile,
  type Path,
  type PathOrDescriptor,
  readAll,
  readAt,
  realPath,
  removeTree,
  result,
  setTimes,
  statIfThere,
  statOf,
  type Tagged,
  textOf,
  TYPES,
  walk,
  withFile,
  writeAt,
} from "./files.ts";

const nothing = (..._args: unknown[]) => undefined;

export const access = result((file: Path, mode: number) => {
  const text = textOf(file);
  statOf(text, true, "access");
  // Only an attempt shows whether a folder can be written to.
  void mode;
});
export const appendFile = result((file: PathOrDescriptor, data: Uint8Array) => {
  withFile(file, "a", (fd) => writeAt(fd, data, undefined));
});
export const chmod = result((file: Path, _mode: unknown) => {
  statOf(textOf(file), true, "chmod");
});
export const chown = result((file: Path) => {
  statOf(textOf(file), true, "chown");
});
export const close = result(closeFile);
export const copyFile = result((source: Path, destination: Path, mode: number) => {
  copy(textOf(source), textOf(destination), (mode & 1) !== 0);
});
export const cp = result((source: Path, destination: Path, options: CopyOptions) => {
  copyTree(textOf(source), textOf(destination), options);
});
export const exists = result((file: Path) => statIfThere(textOf(file), true) !== undefined);
export const fchmod = result(nothing);
export const fchown = result(nothing);
export const fdatasync = result((fd: number) => {
  ask({ do: "sync", fd }, "fdatasync");
});
export const fstat = result((fd: number, { bigint }: { bigint: boolean }) =>
  described(ask<HostStat>({ do: "stat", fd }, "fstat").value, bigint)
);
export const fsync = result((fd: number) => {
  ask({ do: "sync", fd }, "fsync");
});
export const ftruncate = result((fd: number, size: number) => {
  ask({ do: "set_size", fd, size }, "ftruncate");
});
export const futimes = result((fd: number, accessed: number, modified: number) => {
  ask({ do: "set_times", fd, accessed: accessed * 1000, modified: modified * 1000 }, "futime");
});
export const glob = result((
  patterns: string[],
  options: { cwd?: Path; exclude?: Tagged<string | string[]>; withFileTypes: boolean },
) => {
  const folder = options.cwd === undefined ? currentFolder() : textOf(options.cwd);
  const excluded = options.exclude === undefined ? [] : [options.exclude.val].flat();
  const found = [...walk(folder)].filter(({ path: name }) =>
    patterns.some((pattern) => path.matchesGlob(name, path.normalize(pattern))) &&
    !excluded.some((pattern) => path.matchesGlob(name, pattern))
  );
  return found.map(({ path: name, entry, parent }) =>
    options.withFileTypes
      ? {
        tag: "dirent",
        val: { name: entry.name, parentPath: parent, fileType: TYPES[entry.kind] },
      }
      : { tag: "path", val: name }
  );
});
export const lchown = result(nothing);
export const link = result((existing: Path, made: Path) => {
  const [from, to] = [absolute(textOf(existing)), absolute(textOf(made))];
  ask({ do: "link", from, to }, "link", from);
});
export const lstat = stat_(false);
export const lutimes = result((file: Path, accessed: number, modified: number) =>
  setTimes(textOf(file), accessed * 1000, modified * 1000, false)
);
export const mkdir = result((file: Path, { recursive }: { recursive: boolean }) => {
  const text = textOf(file);
  if (!recursive) return makeFolder(text);
  const missing: string[] = [];
  for (let folder = absolute(text); statIfThere(folder, true) === undefined;) {
    missing.push(folder);
    if (folder === path.dirname(folder)) break;
    folder = path.dirname(folder);
  }
  if (missing.length === 0 && statOf(text, true, "mkdir").kind !== "folder") {
    throw new FileError("EEXIST", "mkdir", text);
  }
  for (const folder of missing.toReversed()) makeFolder(folder);
  return missing.at(-1);
});
export const mkdtemp = result((prefix: string) => {
  const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
  const random = [...crypto.getRandomValues(new Uint8Array(6))]
    .map((byte) => letters[byte % letters.length]).join("");
  makeFolder(prefix + random);
  return prefix + random;
});
export const open = result((file: Path, flags: Tagged<number | string>) =>
  openFile(textOf(file), modeOf(flags))
);
export const readFile = result((file: PathOrDescriptor, { flag }: { flag?: string }) =>
  withFile(file, flag ?? "r", readAll)
);
export const readdir = result((
  file: Path,
  { recursive, withFileTypes }: { recursive: boolean; withFileTypes: boolean },
) => {
  const folder = textOf(file);
  const entries = recursive
    ? [...walk(folder)]
    : list(folder).map((entry) => ({ path: entry.name, entry, parent: folder }));
  return entries.map(({ path: name, entry, parent }) =>
    withFileTypes
      ? {
        tag: "dirent",
        val: { name: entry.name, parentPath: parent, fileType: TYPES[entry.kind] },
      }
      : { tag: "name", val: name }
  );
});
export const readlink = result((file: Path) => {
  const text = textOf(file);
  return ask<string>({ do: "read_link", path: absolute(text) }, "readlink", text).value;
});
export const realpath = result((file: Path) => realPath(textOf(file)));
export const rename = result((before: Path, after: Path) => {
  const [from, to] = [absolute(textOf(before)), absolute(textOf(after))];
  ask({ do: "rename", from, to }, "rename", from);
});
export const rm = result((
  file: Path,
  { force, recursive }: { force: boolean; recursive: boolean },
) => {
  const text = textOf(file);
  let stat: HostStat;
  try {
    stat = statOf(text, false, "rm");
  } catch (error) {
    if (force && error instanceof FileError && error.code === "ENOENT") return;
    throw error;
  }
  if (stat.kind === "folder" && !recursive) {
    throw new FileError("ERR_FS_EISDIR", "rm", text);
  }
  removeTree(text, stat.kind);
});
export const rmdir = result((file: Path) => {
  const text = textOf(file);
  ask({ do: "remove_folder", path: absolute(text) }, "rmdir", text);
});
export const stat = stat_(true);
export const statfs = result((): never => {
  throw new FileError("ENOTSUP", "statfs");
});
export const symlink = result((target: Path, file: Path) => {
  const text = textOf(file);
  ask({ do: "make_link", path: absolute(text), target: textOf(target) }, "symlink", text);
});
export const truncate = result((file: Path, size: number) => {
  withFile({ tag: "path", val: file }, "r+", (fd) => ask({ do: "set_size", fd, size }, "truncate"));
});
export const unlink = result((file: Path) => {
  const text = textOf(file);
  ask({ do: "remove_file", path: absolute(text) }, "unlink", text);
});
export const utimes = result((file: Path, accessed: number, modified: number) =>
  setTimes(textOf(file), accessed * 1000, modified * 1000, true)
);
export const writeFile = result((
  file: PathOrDescriptor,
  data: Uint8Array,
  { flag }: { flag?: string },
) => {
  withFile(file, flag ?? "w", (fd) => writeAt(fd, data, undefined));
});
export const read = result((fd: number, length: number, position?: bigint) => {
  const data = readAt(fd, length, position);
  return { bytesRead: data.length, data };
});
export const write = result(writeAt);
export const readv = result((fd: number, lengths: number[], position?: bigint) => {
  const total = lengths.reduce((sum, length) => sum + length, 0);
  const data = readAt(fd, total, position);
  let offset = 0;
  const buffers = lengths.map((length) => data.subarray(offset, offset += length));
  return { bytesRead: data.length, buffers };
});
export const writev = result((fd: number, buffers: Uint8Array[], position?: bigint) =>
  writeAt(fd, new Uint8Array(Buffer.concat(buffers)), position)
);

function stat_(follow: boolean) {
  return result((
    file: Path,
    { bigint, throwIfNoEntry }: { bigint: boolean; throwIfNoEntry: boolean },
  ) => {
    const text = textOf(file);
    const stat = throwIfNoEntry
      ? statOf(text, follow, follow ? "stat" : "lstat")
      : statIfThere(text, follow);
    return stat && described(stat, bigint);
  });
}
