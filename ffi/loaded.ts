import { openLibrary } from "./binding.ts";
import type { Library } from "./library.ts";

let find: (() => string) | undefined;
let opened: Library | undefined;

/** Sets who finds the file of the native library: that depends on how Capsule is installed. */
export function findLibraryBy(path: () => string): void {
  find = path;
}

/**
 * The native library, loaded once in a process, on first use.
 *
 * @throws {CapsuleError} `installation`.
 */
export function library(): Library {
  return opened ??= openLibrary(find!());
}
