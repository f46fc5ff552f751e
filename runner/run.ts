import type { Envelope } from "../sdk/envelope.ts";
import { type CallOptions, open, type ProgramOptions } from "./open.ts";

/** What to run, and with what. */
export interface RunOptions extends ProgramOptions, CallOptions {
  /** The task to run: `main` by default. */
  task?: string;
  /** Its arguments: whatever JSON can hold. */
  args?: unknown[];
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
  using program = await open(options);
  return await program.call<R>(options.task ?? "main", options.args, options);
}
