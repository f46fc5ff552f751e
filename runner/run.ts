import { CapsuleError } from "../errors.ts";
import { type Envelope, type EnvelopeError, noExecution } from "../sdk/envelope.ts";
import { type CallOptions, open, type ProgramOptions } from "./open.ts";

/** What to run, and with what. */
export interface RunOptions extends ProgramOptions, CallOptions {
  /** The task to run: `main` by default. */
  task?: string;
  /** Its arguments: whatever JSON can hold. */
  args?: unknown[];
  /** Cancels the run, whatever it is at: its envelope says `cancelled`. */
  signal?: AbortSignal;
}

/**
 * Runs a task of a program in a sandbox. What goes wrong in the task is in the envelope.
 *
 * ```ts
 * import { run } from "@capsule/sdk/runner";
 *
 * const envelope = await run({ file: "examples/hello.ts", args: ["Ada"] });
 * console.log(envelope.success ? envelope.result : envelope.error.message);
 * ```
 *
 * @throws {CapsuleError} for mistakes on the host's side: no such file, a syntax error, a bad option,
 * no such task, top-level code that fails.
 */
export async function run<R = unknown>(options: RunOptions): Promise<Envelope<R>> {
  return JSON.parse(await runForText(options));
}

/** Like {@link run}; returns the envelope as JSON text. */
export async function runForText(options: RunOptions): Promise<string> {
  const { task = "main", args = [], signal } = options;
  try {
    using program = await open(options);
    return await program.callForText(task, args, options);
  } catch (error) {
    const failure = failureOf(error, signal);
    if (failure === undefined) throw error;
    const envelope: Envelope = {
      success: false,
      result: null,
      error: failure,
      execution: noExecution(task),
    };
    return JSON.stringify(envelope);
  }
}

/** What is no mistake of whoever runs a program, though none could be loaded. */
function failureOf(error: unknown, signal?: AbortSignal): EnvelopeError | undefined {
  if (signal?.aborted && error === signal.reason) {
    return { error_type: "cancelled", message: "cancelled" };
  }
  if (error instanceof CapsuleError && error.code === "invalid_module") {
    const hint = error.hint === undefined ? "" : `; ${error.hint}`;
    return { error_type: "invalid_module", message: error.message + hint };
  }
}
