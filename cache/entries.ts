/**
 * What this user's Capsule remembers of files, in the user's own cache: what a project holds itself may have come
 * with somebody's repository.
 */
import { platform } from "../platform/mod.ts";
import { dirname, join } from "../platform/path.ts";
import { cacheSubfolder, isPrivate } from "./place.ts";
import { sha256 } from "../ffi/digest.ts";

/** Of one kind. What was written longest ago is removed, some at once: whoever needs it makes it again. */
const ENTRIES_AT_MOST = 2000;
const ENTRIES_KEPT = 1000;
const BYTES_KEPT = 64 << 20;
/** After one that is as long, all are looked at. */
const LONG_ENTRY = 256 << 10;

/** File systems take times from a clock that is this much late. */
const CLOCK_STEP_MS = 20;

/**
 * Whether a file's stamp tells it from what is written to it from then on. One that was written at the very moment
 * may have been written once more since.
 */
export function isSettled(path: string, seenMs: number): boolean {
  try {
    return (platform.stat(path)?.modifiedMs ?? 0) < seenMs - CLOCK_STEP_MS;
  } catch (error) {
    if (!platform.isSystemError(error)) throw error;
    return false;
  }
}

/** Where the entry for a key lies: undefined where nothing is kept. `kind` is the folder. */
export function indexPath(kind: "programs" | "builds", key: string): string | undefined {
  const folder = cacheSubfolder(kind);
  return folder && join(folder, `${sha256(key).slice(0, 32)}.json`);
}

/** An entry, or undefined if there is none that can be read, or others than this user and root can write to it. */
export function readEntry<T>(path: string | undefined): T | undefined {
  try {
    const stat = path === undefined ? undefined : platform.stat(path);
    if (!stat?.isFile || !isPrivate(stat)) return undefined;
    return JSON.parse(platform.readTextFile(path!)!) ?? undefined;
  } catch {
    return undefined;
  }
}

/** Keeps an entry. What cannot be kept is made again. */
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

/** Waits until nobody else makes what an entry is of. Undefined where nothing can be written: nobody shares anything. */
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
