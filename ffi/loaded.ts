import { openLibrary } from "./binding.ts";
import type { Library } from "./library.ts";

let find: (() => string) | undefined;
let opened: Library | undefined;

/** Sets what finds the file of the native library. `install/installation.ts` does so as it is imported. */
export function findLibraryBy(path: () => string): void {
  find = path;
}

/**
 * The native library, loaded once in a process, on first use.
 *
 * @throws {CapsuleError} `installation`.
 */
export function library(): Library {
  if (find === undefined) throw new TypeError("install/installation.ts has not been imported");
  return opened ??= openLibrary(find());
}
