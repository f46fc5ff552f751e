/** A runtime of the native library, under Deno and Node alike. */
import { CapsuleError, type CapsuleErrorCode } from "../errors/error.ts";
import { BUFFER_BYTES, type Bytes, bytesOf, type Library, takeBuffer } from "./library.ts";
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
import { library } from "./loaded.ts";
import { STATUS } from "./symbols.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Loads the library and starts a runtime. */
export function openRuntime(config: RuntimeConfig): NativeRuntime {
  return new LibraryRuntime(library(), config);
}

class LibraryRuntime implements NativeRuntime {
  readonly #library: Library;
  readonly #runtime: bigint;
  #closed = false;
  // Written by the library while it runs: kept for the life of the runtime, one for each kind of call.
  readonly #id = new BigUint64Array(1);
  readonly #error = new Uint8Array(BUFFER_BYTES);
  readonly #events = new Uint8Array(BUFFER_BYTES);

  constructor(library: Library, config: RuntimeConfig) {
    this.#library = library;
    const json = encoder.encode(JSON.stringify(config));
    const { capsule_runtime_new } = library.functions;
    this.#check(capsule_runtime_new(json, BigInt(json.length), bytesOf(this.#id), this.#error));
    this.#runtime = this.#id[0]!;
    library.closeAtExit(() => this.close());
  }

  limitRam(bytes: number): void {
    this.#check(this.#library.functions.capsule_limit_ram(BigInt(bytes)));
  }

  load(request: LoadRequest): number {
    const { json, payload } = encodeLoad(request);
    const text = encoder.encode(json);
    this.#check(
      this.#library.functions.capsule_runtime_load(
        this.#runtime,
        text,
        BigInt(text.length),
        payload as Bytes,
        BigInt(payload.length),
        bytesOf(this.#id),
        this.#error,
      ),
    );
    return Number(this.#id[0]);
  }

  async component(program: number): Promise<Uint8Array> {
    // Others may ask for something meanwhile: these are this call's own.
    const component = new Uint8Array(BUFFER_BYTES);
    const error = new Uint8Array(BUFFER_BYTES);
    const { capsule_runtime_component } = this.#library.functions;
    const id = BigInt(program);
    const status = await capsule_runtime_component(this.#runtime, id, component, error);
    this.#check(status, error);
    return takeBuffer(this.#library, component, (bytes) => bytes.slice());
  }

  unload(program: number): void {
    this.#library.functions.capsule_runtime_unload(this.#runtime, BigInt(program));
  }

  grant(request: GrantRequest): number {
    const { capsule_runtime_grant } = this.#library.functions;
    const text = encoder.encode(JSON.stringify(request));
    const length = BigInt(text.length);
    const status = capsule_runtime_grant(
      this.#runtime,
      text,
      length,
      bytesOf(this.#id),
      this.#error,
    );
    // What fails is a folder that is not any more what it was when it was looked at.
    this.#check(status, this.#error, "mount_denied");
    return Number(this.#id[0]);
  }

  submit({ input, ...rest }: RunRequest): number {
    // The input is JSON already, and may be large: it is not parsed again.
    const { json, bytes } = input;
    const text = encoder.encode(`${JSON.stringify(rest).slice(0, -1)},"input":${json}}`);
    this.#check(
      this.#library.functions.capsule_runtime_submit(
        this.#runtime,
        text,
        BigInt(text.length),
        bytes as Bytes,
        BigInt(bytes.length),
        bytesOf(this.#id),
        this.#error,
      ),
      // What fails are bytes that are not where the arguments of another process say.
      this.#error,
      "invalid_argument",
    );
    return Number(this.#id[0]);
  }

  cancel(run: number): void {
    this.#library.functions.capsule_runtime_cancel(this.#runtime, BigInt(run));
  }

  async nextEvents(): Promise<NativeEvent[] | undefined> {
    if (this.#closed) return undefined;
    const status = await this.#library.functions.capsule_runtime_next_event(
      this.#runtime,
      this.#events,
    );
    if (status === STATUS.closed || status === STATUS.notFound) return undefined;
    this.#check(status);
    return takeBuffer(this.#library, this.#events, decodeEvents);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#library.functions.capsule_runtime_free(this.#runtime);
  }

  #check(status: number, error = this.#error, failure: CapsuleErrorCode = "installation"): void {
    if (status === STATUS.ok) return;
    const message = takeBuffer(this.#library, error, (bytes) => decoder.decode(bytes));
    throw new CapsuleError(
      status === STATUS.failed ? failure : "internal",
      message || `the native library returned status ${status}`,
    );
  }
}
