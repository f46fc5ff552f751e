import type { Program } from "../compiler/program.ts";
import { CapsuleError } from "../errors.ts";
import type { Envelope } from "../sdk/envelope.ts";
import type { RunEvent } from "./events.ts";
import { listenerOf, prepare, type ProgramOptions } from "./prepare.ts";
import { type LoadedProgram, runtime } from "./runtime.ts";

export type { ProgramOptions } from "./prepare.ts";

/** How a task is called. */
export interface CallOptions {
  /** Cancels the call: its envelope says `cancelled`. */
  signal?: AbortSignal;
  /** Hears of what happens in this call. */
  onEvent?: (event: RunEvent) => void;
  /** Keyword arguments, for a task in Python. */
  kwargs?: Record<string, unknown>;
}

/** A program that is loaded: calls of it start at once. Close it when it is no longer needed. */
export class OpenProgram {
  readonly #program: Program;
  readonly #loaded: LoadedProgram;
  readonly #grant: number;
  readonly #tasks: Set<string>;
  #closed = false;

  /** For {@link open}. */
  constructor(program: Program, loaded: LoadedProgram, grant: number, tasks: string[]) {
    this.#program = program;
    this.#loaded = loaded;
    this.#grant = grant;
    this.#tasks = new Set(tasks);
  }

  /** The names of the program's tasks. */
  get tasks(): string[] {
    return [...this.#tasks];
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
    return JSON.parse(await this.callForText(task, args, options));
  }

  /** Like {@link call}; returns the envelope as JSON text. */
  callForText(task: string, args: unknown[], options: CallOptions = {}): Promise<string> {
    if (this.#closed) {
      throw new CapsuleError("invalid_argument", `Cannot call "${task}": the program is closed`);
    }
    checkTask(this.#program, this.#tasks, task);
    const { onEvent, signal, kwargs } = options;
    return runtime().run(
      {
        grant: this.#grant,
        task,
        input: encodeInput(args, kwargs),
        observe: onEvent !== undefined,
      },
      listenerOf(onEvent),
      signal,
    );
  }

  /** Forgets the program. Calls that are under way go on. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    runtime().unload(this.#loaded.id);
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
 * Whether a program has a task.
 *
 * @throws {CapsuleError} `task_not_found`, naming those that it has.
 */
export function checkTask({ name, language }: Program, tasks: Set<string>, task: string): void {
  if (tasks.has(task)) return;
  const found = tasks.size === 0
    ? "it declares no task"
    : `its tasks are: ${[...tasks].join(", ")}`;
  const example = language === "javascript"
    ? `export const ${task} = task({ name: "${task}" }, () => …)`
    : `@task(name="${task}")`;
  throw new CapsuleError("task_not_found", `${name}: there is no task "${task}"; ${found}`, {
    hint: `declare one: ${example}`,
  });
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
 * @throws {CapsuleError} for mistakes on the host's side: no such file, a syntax error, a bad option,
 * top-level code that fails. The reason of the signal, if that aborts.
 */
export async function open(options: ProgramOptions): Promise<OpenProgram> {
  const { policies, ...ready } = await prepare(options);
  try {
    const { program, loaded, limits } = ready;
    const grant = runtime().grant({ program: loaded.id, policies, limits });
    return new OpenProgram(program, loaded, grant, Object.keys(policies));
  } catch (error) {
    runtime().unload(ready.loaded.id);
    throw error;
  }
}

function encodeInput(args: unknown, kwargs: Record<string, unknown> | undefined): string {
  if (!Array.isArray(args)) {
    throw new CapsuleError("invalid_argument", `args is no array: ${typeof args}`);
  }
  try {
    return JSON.stringify(kwargs === undefined ? { args } : { args, kwargs });
  } catch (cause) {
    throw new CapsuleError("invalid_argument", `the arguments have no JSON: ${cause}`, { cause });
  }
}
