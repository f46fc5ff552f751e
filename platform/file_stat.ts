import type { FileStat } from "./platform.ts";

/**
 * Makes a `FileStat`. Deno, Node and the native library all use it, so that stamps are equal and each can use the others'
 * cache entries.
 */
export function fileStat(
  { inode, size, modifiedMs, changedMs, ...rest }: Omit<FileStat, "stamp"> & { changedMs: number },
): FileStat {
  const stamp = `${inode} ${size} ${modifiedMs} ${changedMs}`;
  return { ...rest, inode, size, modifiedMs, stamp };
}
