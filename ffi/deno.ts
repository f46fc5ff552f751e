/** The native library under Deno. Besides `node.ts`, the only file that touches pointers. */
import { statBy } from "../platform/deno.ts";
import { fileStat } from "../platform/file_stat.ts";
import type { FileStat } from "../platform/platform.ts";
import { checkVersion, type Functions, type Library, loadFailed } from "./library.ts";
import { STATUS, symbols } from "./symbols.ts";

/** Loads the library. */
export function openLibrary(path: string): Library {
  let functions: Functions;
  try {
    // Never closed: Wasmtime's signal handlers stay for the life of the process.
    functions = bind(path);
  } catch (cause) {
    const { capsule_abi_version } = symbols;
    throw loadFailed(
      path,
      cause,
      () => Deno.dlopen(path, { capsule_abi_version }).symbols.capsule_abi_version(),
    );
  }
  checkVersion(path, functions.capsule_abi_version());
  statBy(statOf(functions));
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

/** Deno's own throws where there is nothing: 0.5 ms the first time, then 20 µs. */
function statOf({ capsule_stat }: Functions): (path: string) => FileStat | null | undefined {
  const [kind, size, ino, modified, changed, owner, group, mode] = [
    0,
    1,
    2,
    3,
    4,
    5,
    6,
    7,
  ] as const;
  const numbers = new Float64Array(8);
  const bytes = new Uint8Array(numbers.buffer);
  return (path) => {
    const text = encoder.encode(path);
    const status = capsule_stat(text, BigInt(text.length), bytes);
    if (status === STATUS.notFound) return undefined;
    if (status !== STATUS.ok) return null;
    return fileStat({
      isFile: numbers[kind] === 1,
      isFolder: numbers[kind] === 2,
      inode: numbers[ino]!,
      size: numbers[size]!,
      modifiedMs: numbers[modified]!,
      changedMs: numbers[changed]!,
      owner: numbers[owner]!,
      group: numbers[group]!,
      mode: numbers[mode]!,
    });
  };
}

const encoder = new TextEncoder();

type Call = (...args: unknown[]) => unknown;

/**
 * Deno compiles a stub for each function, 1.6 ms in all, unless one of its values is a structure. A structure of one
 * integer is passed as that integer is, so the first integer of each function is given as one: 1 µs a call.
 */
function bind(path: string): Functions {
  const entries = Object.entries(symbols as Deno.ForeignLibraryInterface);
  const declared = Object.fromEntries(
    entries.map(([name, symbol]) => [name, withStructure(symbol as Deno.ForeignFunction)]),
  );
  const loaded = Deno.dlopen(path, declared).symbols as Record<string, Call>;
  const wrapped = entries.map(([name, symbol]) => [
    name,
    withIntegers(symbol as Deno.ForeignFunction, loaded[name]!),
  ]);
  return Object.fromEntries(wrapped);
}

function withStructure(symbol: Deno.ForeignFunction): Deno.ForeignFunction {
  if (symbol.nonblocking) return symbol;
  const index = integerOf(symbol);
  const structure = (type: Deno.NativeType | "void") => ({ struct: [type as Deno.NativeType] });
  return index === -1 ? { ...symbol, result: structure(symbol.result as Deno.NativeType) } : {
    ...symbol,
    parameters: symbol.parameters.with(index, structure(symbol.parameters[index]!)),
  };
}

/** The function with integers where {@link withStructure} has put a structure. */
function withIntegers(symbol: Deno.ForeignFunction, call: Call): Call {
  if (symbol.nonblocking) return call;
  const index = integerOf(symbol);
  if (index === -1) return () => new DataView((call() as Uint8Array).buffer).getUint32(0, true);
  return (...args) => {
    args[index] = new Uint8Array(BigUint64Array.of(args[index] as bigint).buffer);
    return call(...args);
  };
}

function integerOf({ parameters }: Deno.ForeignFunction): number {
  return parameters.findIndex((type) => type === "u64" || type === "usize");
}
