/**
 * Index entries about files, as JSON in the user's cache. They are not kept in the project, because a project's `.capsule`
 * is untrusted.
 */
import { platform } from "../platform/mod.ts";
import { dirname, join } from "../platform/path.ts";
import { cacheSubfolder, isPrivate } from "./place.ts";
import { sha256 } from "../ffi/digest.ts";

/** Entries of one kind. When there are more, the oldest are removed until ENTRIES_KEPT are left. */
const ENTRIES_AT_MOST = 2000;
const ENTRIES_KEPT = 1000;
const BYTES_KEPT = 64 << 20;
/** Writing an entry of this size also checks BYTES_KEPT. */
const LONG_ENTRY = 256 << 10;

/** The resolution of file times. */
const CLOCK_STEP_MS = 20;

/**
 * Whether a file was modified long enough before `seenMs` that any later write changes its stamp.
 */
export function isSettled(path: string, seenMs: number): boolean {
  try {
    return (platform.stat(path)?.modifiedMs ?? 0) < seenMs - CLOCK_STEP_MS;
  } catch (error) {
    if (!platform.isSystemError(error)) throw error;
    return false;
  }
}

/** The path of the entry for a key; undefined without a cache. `kind` is the folder. */
export function indexPath(kind: "programs" | "builds", key: string): string | undefined {
  const folder = cacheSubfolder(kind);
  return folder && join(folder, `${sha256(key).slice(0, 32)}.json`);
}

/** Reads an entry. Undefined if it is missing or unreadable, or if users other than this one and root can write to it. */
export function readEntry<T>(path: string | undefined): T | undefined {
  try {
    const stat = path === undefined ? undefined : platform.stat(path);
    if (!stat?.isFile || !isPrivate(stat)) return undefined;
    return JSON.parse(platform.readTextFile(path!)!) ?? undefined;
  } catch {
    return undefined;
  }
}

/** Writes an entry, if the cache can be written. */
export function writeEntry<T>(path: string | undefined, entry: T): void {
  if (path === undefined) return;
  try {
    makeIndexFolder(path);
    const text = JSON.stringify(entry);
    platform.replaceFile(path, text, 0o600);
    makeRoom(dirname(path), text.length);
  } catch (error) {
    if (!platform.isSystemError(error)) throw error;
  }
}

function makeRoom(folder: string, added: number): void {
  const names = (platform.readFolder(folder) ?? []).filter((name) => name.endsWith(".json"));
  if (names.length <= ENTRIES_AT_MOST && added < LONG_ENTRY) return;
  const found = names.map((name) => {
    const path = join(folder, name);
    const stat = platform.stat(path);
    return { path, writtenMs: stat?.modifiedMs ?? 0, bytes: stat?.size ?? 0 };
  });
  found.sort((a, b) => b.writtenMs - a.writtenMs);
  let bytes = 0;
  for (const [index, entry] of found.entries()) {
    bytes += entry.bytes;
    // The newest is the one that was just written.
    const isKept = index === 0 || (index < ENTRIES_KEPT && bytes <= BYTES_KEPT);
    if (!isKept) platform.remove(entry.path);
  }
}

/** Locks an entry while it is made. Returns a function that unlocks it; undefined if the cache cannot be written. */
export async function lockEntry(path: string | undefined): Promise<(() => void) | undefined> {
  if (path === undefined) return undefined;
  try {
    makeIndexFolder(path);
    return await platform.lock(`${path}.lock`);
  } catch (error) {
    if (!platform.isSystemError(error)) throw error;
  }
}

function makeIndexFolder(path: string): void {
  platform.makeFolder(dirname(path), 0o700);
}
