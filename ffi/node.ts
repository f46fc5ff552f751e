/** The native library under Node, by koffi. Besides `deno.ts`, the only file that touches pointers. */
import koffi from "koffi";
import { checkVersion, type Functions, type Library, loadFailed } from "./library.ts";
import { symbols } from "./symbols.ts";

/** What koffi calls the types of `symbols.ts`. */
const TYPES = {
  buffer: "void *",
  u32: "uint32_t",
  u64: "uint64_t",
  usize: "size_t",
  void: "void",
} as const;

/** Loads the library. */
export function openLibrary(path: string): Library {
  let functions: Functions;
  try {
    functions = bind(path);
  } catch (cause) {
    throw loadFailed(
      path,
      cause,
      () => koffi.load(path).func("capsule_abi_version", "uint32_t", [])(),
    );
  }
  checkVersion(path, functions.capsule_abi_version());
  // Not koffi.view: V8 would know the memory until it collects the view, long after it was freed.
  const copy = koffi.load(null).func("memcpy", "void *", ["void *", "void *", "size_t"]);
  return {
    functions,
    memory(address, length) {
      const bytes = new Uint8Array(length);
      copy(bytes, address, length);
      return bytes;
    },
    // The process waits for threads that wait for events: libuv joins them when it ends.
    closeAtExit: (close) => void process.once("exit", close),
  };
}

function bind(path: string): Functions {
  const library = koffi.load(path);
  const entries = Object.entries(symbols).map(([name, symbol]) => {
    const parameters = symbol.parameters.map((type) => TYPES[type]);
    const called = library.func(name, TYPES[symbol.result], parameters);
    return [name, "nonblocking" in symbol ? onThread(called.async) : called];
  });
  return Object.fromEntries(entries);
}

/** A function that blocks, on a thread of libuv's pool. The arguments are held until it ends. */
function onThread(start: (...args: unknown[]) => void): (...args: unknown[]) => Promise<unknown> {
  return (...args) =>
    new Promise((resolve, reject) => {
      start(...args, (error: unknown, result: unknown) => {
        if (error) reject(error);
        else resolve(result);
        held.delete(args);
      });
      held.add(args);
    });
}

const held = new Set<unknown[]>();
