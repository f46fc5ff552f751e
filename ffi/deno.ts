/** The native library under Deno. Besides `node.ts`, the only file that touches pointers. */
import { checkVersion, type Functions, type Library, loadFailed } from "./library.ts";
import { symbols } from "./symbols.ts";

/** Loads the library. */
export function openLibrary(path: string): Library {
  let functions: Functions;
  try {
    // Never closed: Wasmtime's signal handlers stay for the life of the process.
    functions = Deno.dlopen(path, symbols).symbols;
  } catch (cause) {
    const { capsule_abi_version } = symbols;
    throw loadFailed(
      path,
      cause,
      () => Deno.dlopen(path, { capsule_abi_version }).symbols.capsule_abi_version(),
    );
  }
  checkVersion(path, functions.capsule_abi_version());
  return {
    functions,
    memory(address, length) {
      const pointer = Deno.UnsafePointer.create(address)!;
      return new Uint8Array(Deno.UnsafePointerView.getArrayBuffer(pointer, length));
    },
    // Deno ends whatever its other threads wait for.
    closeAtExit() {},
  };
}
