/**
 * What this user's Capsule remembers of files, in the user's own cache: what a project holds itself may have come
 * with somebody's repository.
 */
import { platform } from "../platform/mod.ts";
import { dirname, join } from "../platform/path.ts";
import { sha256 } from "./digest.ts";
import { cacheFolder } from "./tools.ts";

/** File systems take times from a clock that is this much late. */
const CLOCK_STEP_MS = 20;

/**
 * Whether a file's stamp tells it from what is written to it from then on. One that was written at the very moment
 * may have been written once more since.
 */
export function isSettled(path: string, seenMs: number): boolean {
  return (platform.stat(path)?.modifiedMs ?? 0) < seenMs - CLOCK_STEP_MS;
}

/** Where the entry for a key lies. `kind` is the folder. */
export function indexPath(kind: "programs" | "builds", key: string): string {
  return join(cacheFolder(), kind, `${sha256(key).slice(0, 32)}.json`);
}

/** An entry, or undefined if there is none that can be read. */
export function readEntry<T>(path: string): T | undefined {
  const text = platform.readTextFile(path);
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) ?? undefined;
  } catch {
    return undefined;
  }
}

/** @throws A system error where nothing can be written. */
export function writeEntry<T>(path: string, entry: T): void {
  makeIndexFolder(path);
  platform.replaceFile(path, JSON.stringify(entry), 0o600);
}

/**
 * Waits until nobody else makes what an entry is of.
 *
 * @throws A system error where nothing can be written.
 */
export function lockEntry(path: string): Promise<() => void> {
  makeIndexFolder(path);
  return platform.lock(`${path}.lock`);
}

function makeIndexFolder(path: string): void {
  platform.makeFolder(dirname(path), 0o700);
}
