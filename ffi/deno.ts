/** The native library under Deno. Besides `node.ts`, the only file that touches pointers. */
import { CapsuleError } from "../errors.ts";
import {
  decodeEvents,
  encodeLoad,
  type GrantRequest,
  type LoadRequest,
  type NativeEvent,
  type NativeRuntime,
  type RunRequest,
  type RuntimeConfig,
} from "./native.ts";
import { ABI_VERSION, STATUS, symbols } from "./symbols.ts";

/**
 * A runtime's number, as a structure of one: it is passed in the same register, and Deno compiles no stub for
 * such a function, which takes a third of a millisecond for each at start and saves a microsecond a call.
 */
const RUNTIME = { struct: ["u64"] } as const;

const SYMBOLS = {
  ...symbols,
  capsule_runtime_free: { parameters: [RUNTIME], result: "void" },
  capsule_runtime_load: {
    parameters: [RUNTIME, "buffer", "usize", "buffer", "usize", "buffer", "buffer"],
    result: "u32",
  },
  capsule_runtime_unload: { parameters: [RUNTIME, "u64"], result: "u32" },
  capsule_runtime_grant: {
    parameters: [RUNTIME, "buffer", "usize", "buffer", "buffer"],
    result: "u32",
  },
  capsule_runtime_cancel: { parameters: [RUNTIME, "u64"], result: "u32" },
} as const satisfies Record<keyof typeof symbols, Deno.ForeignFunction>;

type Library = Deno.DynamicLibrary<typeof SYMBOLS>["symbols"];

/** A pointer and a length, as `CapsuleBuffer` lies in memory. */
const BUFFER_BYTES = 16;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Loads the library and starts a runtime. */
export function openRuntime(libraryPath: string, config: RuntimeConfig): NativeRuntime {
  return new DenoRuntime(openLibrary(libraryPath), config);
}

function openLibrary(path: string): Library {
  try {
    // Never closed: Wasmtime's signal handlers stay for the life of the process.
    const library = Deno.dlopen(path, SYMBOLS).symbols;
    checkVersion(path, library.capsule_abi_version());
    return library;
  } catch (cause) {
    if (cause instanceof CapsuleError) throw cause;
    // A library of another version may lack some of the symbols.
    checkVersion(path, versionOf(path));
    throw new CapsuleError("installation", `Cannot load the native library "${path}"`, { cause });
  }
}

function checkVersion(path: string, version = ABI_VERSION): void {
  if (version === ABI_VERSION) return;
  throw new CapsuleError(
    "installation",
    `Cannot use the native library "${path}": its ABI is version ${version}, not ${ABI_VERSION}`,
    { hint: "install the library and the package of one release" },
  );
}

/** Undefined for a file that tells none. */
function versionOf(path: string): number | undefined {
  const { capsule_abi_version } = symbols;
  try {
    return Deno.dlopen(path, { capsule_abi_version }).symbols.capsule_abi_version();
  } catch {
    return undefined;
  }
}

class DenoRuntime implements NativeRuntime {
  readonly #library: Library;
  readonly #runtime: bigint;
  /** The same, as a structure. */
  readonly #self: BufferSource;
  #closed = false;
  // Written by the library while it runs: kept for the life of the runtime, one for each kind of call.
  readonly #id = new BigUint64Array(1);
  readonly #error = new Uint8Array(BUFFER_BYTES);
  readonly #events = new Uint8Array(BUFFER_BYTES);

  constructor(library: Library, config: RuntimeConfig) {
    this.#library = library;
    const json = encoder.encode(JSON.stringify(config));
    const { capsule_runtime_new } = library;
    this.#check(capsule_runtime_new(json, BigInt(json.length), bytes(this.#id), this.#error));
    this.#runtime = this.#id[0]!;
    this.#self = this.#id.slice();
  }

  load(request: LoadRequest): number {
    const { json, payload } = encodeLoad(request);
    const text = encoder.encode(json);
    this.#check(
      this.#library.capsule_runtime_load(
        this.#self,
        text,
        BigInt(text.length),
        payload as Uint8Array<ArrayBuffer>,
        BigInt(payload.length),
        bytes(this.#id),
        this.#error,
      ),
    );
    return Number(this.#id[0]);
  }

  async component(program: number): Promise<Uint8Array> {
    // Others may ask for something meanwhile: these are this call's own.
    const component = new Uint8Array(BUFFER_BYTES);
    const error = new Uint8Array(BUFFER_BYTES);
    const { capsule_runtime_component } = this.#library;
    const id = BigInt(program);
    const status = await capsule_runtime_component(this.#runtime, id, component, error);
    this.#check(status, error);
    return this.#take(component, (bytes) => bytes.slice());
  }

  unload(program: number): void {
    this.#library.capsule_runtime_unload(this.#self, BigInt(program));
  }

  grant(request: GrantRequest): number {
    const text = encoder.encode(JSON.stringify(request));
    const { capsule_runtime_grant } = this.#library;
    const length = BigInt(text.length);
    this.#check(capsule_runtime_grant(this.#self, text, length, bytes(this.#id), this.#error));
    return Number(this.#id[0]);
  }

  submit({ grant, task, input, observe }: RunRequest): number {
    // The input is JSON already, and may be large: it is not parsed again.
    const name = JSON.stringify(task);
    const json = `{"grant":${grant},"task":${name},"input":${input},"observe":${observe}}`;
    const text = encoder.encode(json);
    const { capsule_runtime_submit } = this.#library;
    const length = BigInt(text.length);
    this.#check(capsule_runtime_submit(this.#runtime, text, length, bytes(this.#id), this.#error));
    return Number(this.#id[0]);
  }

  cancel(run: number): void {
    this.#library.capsule_runtime_cancel(this.#self, BigInt(run));
  }

  async nextEvents(): Promise<NativeEvent[] | undefined> {
    if (this.#closed) return undefined;
    const status = await this.#library.capsule_runtime_next_event(this.#runtime, this.#events);
    if (status === STATUS.closed || status === STATUS.notFound) return undefined;
    this.#check(status);
    return this.#take(this.#events, decodeEvents);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#library.capsule_runtime_free(this.#self);
  }

  #check(status: number, error = this.#error): void {
    if (status === STATUS.ok) return;
    const message = this.#take(error, (bytes) => decoder.decode(bytes));
    throw new CapsuleError(
      status === STATUS.failed ? "installation" : "internal",
      message || `the native library returned status ${status}`,
    );
  }

  /** Reads a buffer of the library, and frees it: it is read once. */
  #take<T>(buffer: Uint8Array, read: (bytes: Uint8Array) => T): T {
    const view = new DataView(buffer.buffer);
    const pointer = Deno.UnsafePointer.create(view.getBigUint64(0, true));
    const length = view.getBigUint64(8, true);
    buffer.fill(0);
    if (pointer === null) return read(new Uint8Array(0));
    try {
      return read(new Uint8Array(Deno.UnsafePointerView.getArrayBuffer(pointer, Number(length))));
    } finally {
      this.#library.capsule_buffer_free(pointer, length);
    }
  }
}

function bytes(array: BigUint64Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  return new Uint8Array(array.buffer);
}
