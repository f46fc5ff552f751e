import { cachePlace } from "../cache/place.ts";
import { engineSources } from "../install/installation.ts";
import { certificateFiles } from "../install/certificates.ts";
import { CapsuleError } from "../errors/error.ts";
import { NO_BYTES } from "../sdk/bytes.ts";
import type { Payload } from "../sdk/payload.ts";
import { library } from "../ffi/loaded.ts";
import { openRuntime } from "../ffi/runtime.ts";
import type {
  GrantRequest,
  Language,
  LoadRequest,
  NativeEvent,
  NativeFailure,
  NativeRuntime,
  RunRequest,
} from "../ffi/native.ts";
import { followProcessRam } from "./process_ram.ts";

/** Hears of what happens to one program or one run. */
type Listener = (event: NativeEvent) => void;

/** Who waits for the end of a load or of a run. */
interface Followed {
  next(event: NativeEvent): void;
  reject(error: unknown): void;
}

/** A program that the native library has loaded. */
export interface LoadedProgram {
  id: number;
  /** JSON, as the engine wrote it. */
  declarations: string;
}

/** Top-level code failed. */
export class LoadFailure extends Error {
  readonly failure: NativeFailure;

  constructor(failure: NativeFailure) {
    super(failure.message);
    this.failure = failure;
  }
}

/**
 * The one native runtime of this process. It is opened on first use, and asked for events only while
 * something is under way, so that a host process ends by itself.
 */
class Runtime {
  readonly #native: NativeRuntime;
  readonly #followed = new Map<number, Followed>();
  readonly #unfollow: () => void;
  #pumping = false;

  constructor(native: NativeRuntime) {
    this.#native = native;
    this.#unfollow = followProcessRam((bytes) => native.limitRam(bytes));
  }

  /**
   * Loads a program.
   *
   * @throws {LoadFailure} when its top-level code fails, or the signal aborts it.
   */
  async load(
    request: LoadRequest,
    listener: Listener,
    signal?: AbortSignal,
  ): Promise<LoadedProgram> {
    const id = this.#native.load(request);
    // Other threads load it: whoever hears of that has time to prepare something.
    const begun: NativeEvent = { event: "program_loading", language: request.language };
    const end = await this.#follow(id, listener, signal, begun);
    if (end.event === "program_loaded") {
      return { id: end.program, declarations: decoder.decode(end.payload) };
    }
    if (end.event === "program_failed") {
      throw new LoadFailure(JSON.parse(decoder.decode(end.payload)));
    }
    throw new CapsuleError("internal", `a program ended with the event ${end.event}`);
  }

  /** A loaded program as a component, without what it is called and what its tasks are. */
  component(program: number): Promise<Uint8Array> {
    return this.#native.component(program);
  }

  /** Fixes what the tasks of a program may do. Returns the id of that. */
  grant(request: GrantRequest): number {
    return this.#native.grant(request);
  }

  /** Forgets a program and its grants. */
  unload(program: number): void {
    this.#native.unload(program);
  }

  /** Runs a task. Returns its envelope. */
  async run(request: RunRequest, listener: Listener, signal?: AbortSignal): Promise<Payload> {
    const end = await this.#follow(this.#native.submit(request), listener, signal);
    if (end.event === "run_finished") {
      return { json: decoder.decode(end.payload), bytes: end.bytes ?? NO_BYTES };
    }
    throw new CapsuleError("internal", `a run ended with the event ${end.event}`);
  }

  /** Ends all that runs. */
  close(): void {
    this.#unfollow();
    this.#native.close();
  }

  /**
   * Passes events on until the last one of a load or a run, and returns that. A listener that throws ends
   * what it listens to, and nothing else.
   */
  async #follow(
    id: number,
    listener: Listener,
    signal?: AbortSignal,
    begun?: NativeEvent,
  ): Promise<NativeEvent> {
    const cancel = () => this.#native.cancel(id);
    let thrown: { error: unknown } | undefined;
    try {
      const end = await new Promise<NativeEvent>((resolve, reject) => {
        const next = (event: NativeEvent) => {
          switch (event.event) {
            case "program_loaded":
            case "program_failed":
            case "run_finished":
              // At once: the pump asks for no more events when nobody waits for any.
              this.#followed.delete(id);
              return resolve(event);
          }
          if (thrown) return;
          try {
            listener(event);
          } catch (error) {
            thrown = { error };
            cancel();
          }
        };
        this.#followed.set(id, { next, reject });
        this.#pump();
        // What follows is done while other threads are at work.
        if (signal?.aborted) cancel();
        signal?.addEventListener("abort", cancel, { once: true });
        if (begun) next(begun);
      });
      if (thrown === undefined) return end;
      if (end.event === "program_loaded") this.unload(end.program);
      throw thrown.error;
    } finally {
      this.#followed.delete(id);
      signal?.removeEventListener("abort", cancel);
    }
  }

  async #pump(): Promise<void> {
    if (this.#pumping) return;
    this.#pumping = true;
    try {
      while (this.#followed.size > 0) {
        const events = await this.#native.nextEvents();
        if (events === undefined) throw new CapsuleError("internal", "the runtime was closed");
        for (const event of events) this.#dispatch(event);
      }
    } catch (error) {
      for (const { reject } of this.#followed.values()) reject(error);
    } finally {
      this.#pumping = false;
    }
  }

  #dispatch(event: NativeEvent): void {
    const id = "run" in event ? event.run : "program" in event ? event.program : undefined;
    if (id !== undefined) return this.#followed.get(id)?.next(event);
    // An engine that is compiled concerns whoever may wait for it.
    for (const followed of this.#followed.values()) followed.next(event);
  }
}

let shared: Runtime | undefined;

/**
 * The runtime of this process.
 *
 * @param wanted Which engine is opened meanwhile, where the runtime is only just started: that takes other threads as
 * long as a program takes this one to be prepared.
 * @throws {CapsuleError} `installation`, when the native library or the engines are missing, or others can
 * write to the cache.
 */
export function runtime(wanted?: Language): Runtime {
  if (shared !== undefined) return shared;
  const { folder, problem } = cachePlace();
  return shared = new Runtime(
    openRuntime({
      cache_folder: folder,
      cache_problem: problem,
      engines: engineSources(),
      wanted,
      certificates: certificateFiles(),
    }),
  );
}

/**
 * Loads the native library, which {@link runtime} would do later.
 *
 * @throws {CapsuleError} `installation`.
 */
export function loadLibrary(): void {
  library();
}

/** Closes the runtime of this process, if it was opened: what it keeps for the next one is written then. */
export function closeRuntime(): void {
  shared?.close();
  shared = undefined;
}

const decoder = new TextDecoder();
