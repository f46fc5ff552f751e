/**
 * Where this user's Capsule keeps what it made: machine code, images, the index of programs. It is read only where
 * nobody but this user and root can have written to it.
 */
import { CapsuleError } from "../errors/error.ts";
import { type FileStat, platform } from "../platform/mod.ts";
import { dirname, join, resolve } from "../platform/path.ts";

/** What one can do where nothing is kept. */
export const CACHE_HINT =
  "set CAPSULE_CACHE_DIR to a folder that only you can write to; capsule doctor tells more";

const ROOT = 0;
const OTHERS_WRITE = 0o022;
const ANYBODY_WRITES = 0o002;
const STICKY = 0o1000;
/** Whom files belong to whose owner a container does not know. */
const UNKNOWN_USER = 65534;

/** The folder of the cache, or why there is none. */
export interface CachePlace {
  folder?: string;
  problem?: string;
}

interface Problem {
  message: string;
  /** Others could have put something there, or it is no folder. */
  isUnsafe: boolean;
}

let place: CachePlace | undefined;
const subfolders = new Map<string, string | undefined>();

/**
 * Where the cache is, found once a process.
 *
 * @throws {CapsuleError} `installation`, where CAPSULE_CACHE_DIR names a folder that cannot be trusted.
 */
export function cachePlace(): CachePlace {
  return place ??= findPlace();
}

/** The folder of the cache. Undefined where nothing is kept. */
export function cacheFolder(): string | undefined {
  return cachePlace().folder;
}

/** A folder in the cache, which may be missing. Undefined where nothing is kept, or others may write to it. */
export function cacheSubfolder(name: string): string | undefined {
  if (!subfolders.has(name)) subfolders.set(name, findSubfolder(name));
  return subfolders.get(name);
}

/** Whether only this user and root can write to a file or a folder. */
export function isPrivate({ owner, mode }: FileStat): boolean {
  return isTrusted(owner) && (mode & OTHERS_WRITE) === 0;
}

/** Whether files can be made in a folder, which is made if there is none. */
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

/** A relative path would be another folder in each project: whatever came with one. */
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
      // Only the cache is its own: others may come through what is above, to one that is shared.
      platform.makeFolder(dirname(path));
      platform.makeFolder(path, 0o700);
    }
    const stat = platform.stat(path);
    if (!stat?.isFolder) return unsafe("it is not a folder");
    const parent = platform.realPath(dirname(path));
    if (platform.realPath(path) !== join(parent, path.slice(path.lastIndexOf("/") + 1))) {
      return unsafe("it is a link");
    }
    if (!isTrusted(stat.owner)) return unsafe("it belongs to another user");
    if ((stat.mode & OTHERS_WRITE) !== 0) {
      return unsafe(`others may write to it (mode ${stat.mode.toString(8)})`);
    }
    for (let above = parent;; above = dirname(above)) {
      if (canBeExchanged(platform.stat(above))) {
        return unsafe(`others may exchange it, as they may write to ${JSON.stringify(above)}`);
      }
      if (above === dirname(above)) return undefined;
    }
  } catch (error) {
    if (!platform.isSystemError(error)) throw error;
    return { message: (error as Error).message, isUnsafe: false };
  }
}

/** Whether others can put another folder in place of one in this folder. */
function canBeExchanged(stat: FileStat | undefined): boolean {
  if (stat === undefined) return true;
  const { owner, group, mode } = stat;
  if (!isTrusted(owner) && !(owner === UNKNOWN_USER && isInUserNamespace())) return true;
  if ((mode & STICKY) !== 0) return false;
  if ((mode & ANYBODY_WRITES) !== 0) return true;
  // A group of root, or the one that many systems make for each user, has no other members.
  return (mode & OTHERS_WRITE) !== 0 && group !== ROOT && group !== platform.userId();
}

function isTrusted(owner: number): boolean {
  return owner === ROOT || owner === platform.userId();
}

/** Whether root of the machine may be nobody that this process knows. */
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
