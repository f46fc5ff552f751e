/** What the runtime of `runtime.ts` needs of a binding. `deno.ts` and `node.ts` make it. */
import { CapsuleError } from "../errors/error.ts";
import { ABI_VERSION, type symbols } from "./symbols.ts";

/** Bytes that the library reads or writes. It may write to them until the call has ended. */
export type Bytes = Uint8Array<ArrayBuffer>;

type Symbols = typeof symbols;
/** What stands for a type of the C ABI. */
type Values = { buffer: Bytes; usize: bigint; u64: bigint };
type Parameters<Types extends readonly (keyof Values)[]> = {
  [Index in keyof Types]: Values[Types[Index]];
};
type Result<Symbol> = Symbol extends { result: "void" } ? void
  : Symbol extends { nonblocking: true } ? Promise<number>
  : number;

/** The functions of `capsule.h`, by the names that they have there: `symbols.ts` names their parameters. */
export type Functions = {
  readonly [Name in keyof Symbols]: (
    ...values: Parameters<Symbols[Name]["parameters"]>
  ) => Result<Symbols[Name]>;
};

/** A pointer and a length, as `CapsuleBuffer` lies in memory. */
export const BUFFER_BYTES = 16;

/** The native library, loaded. */
export interface Library {
  functions: Functions;
  /** Memory of the library: valid until it is freed. */
  memory(address: bigint, length: number): Uint8Array;
  /** Closes a runtime when the process ends, if it has to be. */
  closeAtExit(close: () => void): void;
}

/** Reads a buffer of the library, and frees it: it is read once. */
export function takeBuffer<T>(
  library: Library,
  buffer: Bytes,
  read: (bytes: Uint8Array) => T,
): T {
  const view = new DataView(buffer.buffer);
  const address = view.getBigUint64(0, true);
  const length = view.getBigUint64(8, true);
  buffer.fill(0);
  if (address === 0n) return read(new Uint8Array(0));
  try {
    return read(library.memory(address, Number(length)));
  } finally {
    library.functions.capsule_buffer_free(address, length);
  }
}

/** The bytes of an id that the library writes. */
export function bytesOf(id: BigUint64Array<ArrayBuffer>): Bytes {
  return new Uint8Array(id.buffer);
}

/**
 * Why a library cannot be loaded: one of another version may lack some of the symbols.
 *
 * @param askVersion May throw, too.
 */
export function loadFailed(path: string, cause: unknown, askVersion: () => number): CapsuleError {
  let version = ABI_VERSION;
  try {
    version = askVersion();
  } catch {
    // It is no library of Capsule's.
  }
  if (version !== ABI_VERSION) checkVersion(path, version);
  return new CapsuleError("installation", `Cannot load the native library "${path}"`, { cause });
}

/**
 * Refuses a library of another release.
 *
 * @param version What it says of its ABI.
 * @throws {CapsuleError} `installation`.
 */
export function checkVersion(path: string, version: number): void {
  if (version === ABI_VERSION) return;
  throw new CapsuleError(
    "installation",
    `Cannot use the native library "${path}": its ABI is version ${version}, not ${ABI_VERSION}`,
    { hint: "install the library and the package of one release" },
  );
}
