/**
 * Finds the cache folder, which holds machine code, images and indexes. It is used only if no user other than this one
 * and root can have written to it.
 */
import { CapsuleError } from "../errors/error.ts";
import { type FileStat, platform } from "../platform/mod.ts";
import { dirname, join, resolve } from "../platform/path.ts";

/** The hint when there is no usable cache. */
export const CACHE_HINT =
  "set CAPSULE_CACHE_DIR to a folder that only you can write to; see capsule doctor";

const ROOT = 0;
const OTHERS_WRITE = 0o022;
const ANYBODY_WRITES = 0o002;
const STICKY = 0o1000;
/** The owner that a user namespace shows for users that it does not map. */
const UNKNOWN_USER = 65534;

/** The folder of the cache, or why there is none. */
export interface CachePlace {
  folder?: string;
  problem?: string;
}

interface Problem {
  message: string;
  /** Whether other users could have written to it, or it is not a folder. */
  isUnsafe: boolean;
}

let place: CachePlace | undefined;
const subfolders = new Map<string, string | undefined>();

/**
 * The cache folder, determined once per process.
 *
 * @throws {CapsuleError} `installation`, if CAPSULE_CACHE_DIR names an unsafe folder.
 */
export function cachePlace(): CachePlace {
  return place ??= findPlace();
}

/** The cache folder; undefined if there is none. */
export function cacheFolder(): string | undefined {
  return cachePlace().folder;
}

/** A subfolder of the cache, which may not exist. Undefined without a cache, or if other users can write to it. */
export function cacheSubfolder(name: string): string | undefined {
  if (!subfolders.has(name)) subfolders.set(name, findSubfolder(name));
  return subfolders.get(name);
}

/** Whether only this user and root can write to a file or a folder. */
export function isPrivate({ owner, mode }: FileStat): boolean {
  return isTrusted(owner) && (mode & OTHERS_WRITE) === 0;
}

/** Whether files can be created in a folder. Creates the folder if it is missing. */
export function canWriteTo(folder: string): boolean {
  try {
    platform.makeFolder(folder, 0o700);
    platform.remove(platform.makeTemporaryFolder(folder));
    return true;
  } catch (error) {
    if (!platform.isSystemError(error)) throw error;
    return false;
  }
}

function findPlace(): CachePlace {
  const chosen = platform.env("CAPSULE_CACHE_DIR");
  const folder = chosen || defaultFolder();
  if (folder === undefined) {
    return { problem: "there is no cache folder, as HOME is not set to an absolute path" };
  }
  const problem = problemOf(folder);
  if (problem === undefined) return { folder: resolve("/", folder) };
  const message = `Cannot use the cache folder ${JSON.stringify(folder)}: ${problem.message}`;
  if (!chosen || !problem.isUnsafe) return { problem: message };
  throw new CapsuleError("installation", message, {
    hint: "set CAPSULE_CACHE_DIR to a folder that only you can write to, as an absolute path",
  });
}

/** The default cache folder. Relative paths are ignored: they could lead into an untrusted project. */
function defaultFolder(): string | undefined {
  const absolute = (name: string) => {
    const value = platform.env(name);
    return value?.startsWith("/") ? value : undefined;
  };
  const home = absolute("HOME");
  const base = platform.target.startsWith("darwin")
    ? home && join(home, "Library", "Caches")
    : absolute("XDG_CACHE_HOME") ?? (home && join(home, ".cache"));
  return base && join(base, "capsule");
}

function problemOf(folder: string): Problem | undefined {
  const unsafe = (message: string) => ({ message, isUnsafe: true });
  if (!folder.startsWith("/")) return unsafe("it is not an absolute path");
  if (folder.includes("\0")) return unsafe("it contains NUL");
  const path = resolve("/", folder);
  try {
    if (!platform.exists(path)) {
      // Only the cache itself is private: folders above it get the default mode.
      platform.makeFolder(dirname(path));
      platform.makeFolder(path, 0o700);
    }
    const stat = platform.stat(path);
    if (!stat?.isFolder) return unsafe("it is not a folder");
    const parent = platform.realPath(dirname(path));
    if (platform.realPath(path) !== join(parent, path.slice(path.lastIndexOf("/") + 1))) {
      return unsafe("it is a symbolic link");
    }
    if (!isTrusted(stat.owner)) return unsafe("it belongs to another user");
    if ((stat.mode & OTHERS_WRITE) !== 0) {
      return unsafe(`other users can write to it (mode ${stat.mode.toString(8)})`);
    }
    for (let above = parent;; above = dirname(above)) {
      if (canBeReplaced(platform.stat(above))) {
        return unsafe(`other users can replace it, as they can write to ${JSON.stringify(above)}`);
      }
      if (above === dirname(above)) return undefined;
    }
  } catch (error) {
    if (!platform.isSystemError(error)) throw error;
    return { message: (error as Error).message, isUnsafe: false };
  }
}

/** Whether other users can replace a folder inside this one. */
function canBeReplaced(stat: FileStat | undefined): boolean {
  if (stat === undefined) return true;
  const { owner, group, mode } = stat;
  if (!isTrusted(owner) && !(owner === UNKNOWN_USER && isInUserNamespace())) return true;
  if ((mode & STICKY) !== 0) return false;
  if ((mode & ANYBODY_WRITES) !== 0) return true;
  // The group of root, and the group that many systems create for each user, have no other members.
  return (mode & OTHERS_WRITE) !== 0 && group !== ROOT && group !== platform.userId();
}

function isTrusted(owner: number): boolean {
  return owner === ROOT || owner === platform.userId();
}

/** Whether this process is in a user namespace, where the machine's root may be an unknown user. */
function isInUserNamespace(): boolean {
  const map = platform.readTextFile("/proc/self/uid_map");
  return map !== undefined && !/^\s*0\s+0\s+4294967295\s*$/.test(map);
}

function findSubfolder(name: string): string | undefined {
  const folder = cacheFolder();
  if (folder === undefined) return undefined;
  const path = join(folder, name);
  try {
    const stat = platform.stat(path);
    return stat === undefined || stat.isFolder && isPrivate(stat) ? path : undefined;
  } catch (error) {
    if (!platform.isSystemError(error)) throw error;
    return undefined;
  }
}
