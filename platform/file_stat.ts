import type { FileStat } from "./platform.ts";

/**
 * What Deno, Node or the native library says of a file: stamps are the same by all of them, so that each finds what another
 * has kept.
 */
export function fileStat(said: Omit<FileStat, "stamp"> & { changedMs: number }): FileStat {
  const { inode, size, modifiedMs, changedMs, ...rest } = said;
  const stamp = `${inode} ${size} ${modifiedMs} ${changedMs}`;
  return { ...rest, inode, size, modifiedMs, stamp };
}
