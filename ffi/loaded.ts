import { openLibrary } from "./binding.ts";
import type { Library } from "./library.ts";

const opened = new Map<string, Library>();

/**
 * The native library at a path, loaded once in a process.
 *
 * @throws {CapsuleError} `installation`.
 */
export function libraryAt(path: string): Library {
  let library = opened.get(path);
  if (library === undefined) opened.set(path, library = openLibrary(path));
  return library;
}
