import { cacheFolder, engineSources, libraryPath } from "../compiler/tools.ts";
import { CapsuleError } from "../errors.ts";
import { openRuntime } from "../ffi/deno.ts";
import type {
  LoadRequest,
  NativeEvent,
  NativeFailure,
  NativeRuntime,
  RunRequest,
} from "../ffi/native.ts";

/** Hears of what happens to one program or one run. */
type Listener = (event: NativeEvent) => void;

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
  readonly #listeners = new Map<number, Listener>();
  /** What concerns no program and no run: an engine that is compiled. */
  readonly #general = new Set<Listener>();
  #pumping = false;

  constructor(native: NativeRuntime) {
    this.#native = native;
  }

  /**
   * Loads a program.
   *
   * @throws {LoadFailure} when its top-level code fails.
   */
  async load(request: LoadRequest, listener: Listener): Promise<LoadedProgram> {
    this.#general.add(listener);
    try {
      const end = await this.#follow(this.#native.load(request), listener);
      if (end.event === "program_loaded") {
        return { id: end.program, declarations: decoder.decode(end.payload) };
      }
      if (end.event === "program_failed") {
        throw new LoadFailure(JSON.parse(decoder.decode(end.payload)));
      }
      throw new CapsuleError("internal", `a program ended with the event ${end.event}`);
    } finally {
      this.#general.delete(listener);
    }
  }

  /** Forgets a program. */
  unload(program: number): void {
    this.#native.unload(program);
  }

  /** Runs a task. Returns its envelope as JSON. */
  async run(request: RunRequest, listener: Listener, signal?: AbortSignal): Promise<string> {
    const run = this.#native.submit(request);
    const cancel = () => this.#native.cancel(run);
    if (signal?.aborted) cancel();
    signal?.addEventListener("abort", cancel, { once: true });
    try {
      const end = await this.#follow(run, listener);
      if (end.event === "run_finished") return decoder.decode(end.payload);
      throw new CapsuleError("internal", `a run ended with the event ${end.event}`);
    } finally {
      signal?.removeEventListener("abort", cancel);
    }
  }

  /** Ends all that runs. */
  close(): void {
    this.#native.close();
  }

  /** Passes events on until the last one of a program or a run, and returns that. */
  #follow(id: number, listener: Listener): Promise<NativeEvent> {
    return new Promise((resolve, reject) => {
      this.#listeners.set(id, (event) => {
        switch (event.event) {
          case "program_loaded":
          case "program_failed":
          case "run_finished":
            this.#listeners.delete(id);
            return resolve(event);
          default:
            listener(event);
        }
      });
      if (!this.#pumping) this.#pump().catch(reject);
    });
  }

  async #pump(): Promise<void> {
    this.#pumping = true;
    try {
      while (this.#listeners.size > 0) {
        const events = await this.#native.nextEvents();
        if (events === undefined) throw new CapsuleError("internal", "the runtime was closed");
        for (const event of events) this.#dispatch(event);
      }
    } finally {
      this.#pumping = false;
    }
  }

  #dispatch(event: NativeEvent): void {
    const id = "run" in event ? event.run : "program" in event ? event.program : undefined;
    if (id !== undefined) this.#listeners.get(id)?.(event);
    else for (const listener of this.#general) listener(event);
  }
}

let shared: Runtime | undefined;

/**
 * The runtime of this process.
 *
 * @throws {CapsuleError} `installation`, when the native library or the engines are missing.
 */
export function runtime(): Runtime {
  return shared ??= new Runtime(
    openRuntime(libraryPath(), { cache_folder: cacheFolder(), engines: engineSources() }),
  );
}

/** Closes the runtime of this process, if it was opened: what it keeps for the next one is written then. */
export function closeRuntime(): void {
  shared?.close();
  shared = undefined;
}

const decoder = new TextDecoder();
