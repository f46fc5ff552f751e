import { CapsuleError } from "../errors/error.ts";
import { shown } from "../errors/shown.ts";
import type { Envelope } from "../sdk/envelope.ts";
import { decode, type Payload } from "../sdk/payload.ts";
import { textOf } from "./envelope/envelope_text.ts";
import { isolationOf } from "./options/isolation.ts";
import { openHere } from "./program/local_program.ts";
import type { ProgramHandle } from "./program/handle.ts";
import {
  CALL_OPTIONS,
  type CallOptions,
  checkOptions,
  OPEN_OPTIONS,
  type ProgramOptions,
} from "./options/options.ts";

/** A program that is loaded: calls of it start at once. Close it when it is no longer needed. */
export class OpenProgram {
  readonly #handle: ProgramHandle;
  #closed = false;

  /** For {@link open}. */
  constructor(handle: ProgramHandle) {
    this.#handle = handle;
  }

  /** The names of the program's tasks. */
  get tasks(): string[] {
    return [...this.#handle.tasks];
  }

  /**
   * Runs a task in a fresh sandbox.
   *
   * @throws {CapsuleError} `task_not_found`; `invalid_argument` for arguments that JSON cannot hold, or
   * when the program is closed.
   */
  async call<R = unknown>(
    task: string,
    args: unknown[] = [],
    options: CallOptions = {},
  ): Promise<Envelope<R>> {
    return decode(await this.#call(task, args, options)) as Envelope<R>;
  }

  /** Like {@link call}; returns the envelope as JSON text, with bytes as `{ "$bytes": base64 }`. */
  async callForText(task: string, args: unknown[], options: CallOptions = {}): Promise<string> {
    return await textOf(await this.#call(task, args, options));
  }

  // deno-lint-ignore require-await
  async #call(task: string, args: unknown[], options: CallOptions): Promise<Payload> {
    checkOptions(options, CALL_OPTIONS, "call");
    if (this.#closed) {
      throw new CapsuleError("invalid_argument", "the program is closed", {
        cannot: "call",
        value: shown(task),
      });
    }
    return this.#handle.call(task, args, options);
  }

  /** Forgets the program. Calls that are under way go on. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#handle.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.close();
    return Promise.resolve();
  }
}

/**
 * Loads a program and keeps it warm for many calls.
 *
 * ```ts
 * import { open } from "@capsule/sdk/runner";
 *
 * await using program = await open({ file: "examples/hello.ts" });
 * const first = await program.call("main", ["Ada"]);
 * const second = await program.call("main", ["Grace"]);
 * ```
 *
 * @throws {CapsuleError} for mistakes on the host's side: no such file, a bad option; `invalid_program` for
 * what is wrong with the program itself. The reason of the signal, if that aborts.
 */
export async function open(options: ProgramOptions): Promise<OpenProgram> {
  checkOptions(options, OPEN_OPTIONS, "open");
  if (isolationOf(options) === "sandbox") return new OpenProgram(await openHere(options));
  // Loaded only where it is used.
  const { openInWorker } = await import("./worker/worker_program.ts");
  return new OpenProgram(await openInWorker(options));
}
