/** What the runtime of `runtime.ts` needs of a binding. `deno.ts` and `node.ts` make it. */
import { CapsuleError } from "../errors/error.ts";
import { ABI_VERSION } from "./symbols.ts";

/** Bytes that the library reads or writes. It may write to them until the call has ended. */
export type Bytes = Uint8Array<ArrayBuffer>;

/** The functions of `capsule.h`, by the names that they have there. */
export interface Functions {
  capsule_abi_version(): number;
  capsule_runtime_new(config: Bytes, length: bigint, runtime: Bytes, error: Bytes): number;
  capsule_runtime_free(runtime: bigint): void;
  capsule_limit_ram(bytes: bigint): number;
  capsule_runtime_load(
    runtime: bigint,
    request: Bytes,
    requestLength: bigint,
    payload: Bytes,
    payloadLength: bigint,
    program: Bytes,
    error: Bytes,
  ): number;
  capsule_runtime_component(
    runtime: bigint,
    program: bigint,
    component: Bytes,
    error: Bytes,
  ): Promise<number>;
  capsule_runtime_unload(runtime: bigint, program: bigint): number;
  capsule_runtime_grant(
    runtime: bigint,
    request: Bytes,
    length: bigint,
    grant: Bytes,
    error: Bytes,
  ): number;
  capsule_runtime_submit(
    runtime: bigint,
    request: Bytes,
    length: bigint,
    payload: Bytes,
    payloadLength: bigint,
    run: Bytes,
    error: Bytes,
  ): number;
  capsule_runtime_cancel(runtime: bigint, run: bigint): number;
  capsule_runtime_next_event(runtime: bigint, events: Bytes): Promise<number>;
  capsule_database_open(path: Bytes, length: bigint, database: Bytes, error: Bytes): number;
  capsule_database_submit(database: bigint, batch: Bytes, length: bigint, error: Bytes): number;
  capsule_database_take(database: bigint, rows: Bytes, error: Bytes): number;
  capsule_database_close(database: bigint): void;
  capsule_sha256(data: Bytes, length: bigint, digest: Bytes): number;
  capsule_stat(path: Bytes, length: bigint, stat: Bytes): number;
  capsule_read_file(
    path: Bytes,
    length: bigint,
    folder: Bytes,
    folderLength: bigint,
    maxBytes: bigint,
    content: Bytes,
    error: Bytes,
  ): number;
  capsule_read_file_part(
    path: Bytes,
    length: bigint,
    start: bigint,
    partLength: bigint,
    content: Bytes,
    error: Bytes,
  ): number;
  capsule_change_project(
    root: Bytes,
    rootLength: bigint,
    change: Bytes,
    changeLength: bigint,
    content: Bytes,
    contentLength: bigint,
    error: Bytes,
  ): number;
  capsule_buffer_free(address: bigint, length: bigint): void;
}

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
