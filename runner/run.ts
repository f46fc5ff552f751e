import { CapsuleError } from "../errors/error.ts";
import type { Envelope, EnvelopeError } from "../sdk/envelope.ts";
import { decode, type Payload } from "../sdk/payload.ts";
import type { Variables } from "./config/environment.ts";
import { CANCELLED, failedEnvelope } from "./envelope/failure.ts";
import { isolationOf } from "./options/isolation.ts";
import { textOf } from "./envelope/envelope_text.ts";
import { LoadFault } from "./program/load_fault.ts";
import { openHere } from "./program/local_program.ts";
import { checkOptions, RUN_OPTIONS, type RunOptions } from "./options/options.ts";
import { placeOf } from "./envelope/place.ts";

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
 * @throws {CapsuleError} for mistakes on the host's side: no such file, a bad option, no task of the name that is given.
 */
export async function run<R = unknown>(options: RunOptions): Promise<Envelope<R>> {
  return decode(await envelopeOf(options)) as Envelope<R>;
}

/** Like {@link run}; returns the envelope as JSON text, with bytes as `{ "$bytes": base64 }`. */
export async function runForText(options: RunOptions): Promise<string> {
  return await textOf(await envelopeOf(options));
}

async function envelopeOf(options: RunOptions): Promise<Payload> {
  checkOptions(options, RUN_OPTIONS, "run");
  if (isolationOf(options) === "sandbox") return await runHere(options);
  // Loaded only where it is used.
  const { runInWorker } = await import("./worker/worker_program.ts");
  return await runInWorker(options);
}

/**
 * Like {@link run}, in this process. Returns the envelope as it came.
 *
 * @param variables Those of the process that the program runs for, if that is another one.
 * @param input Arguments that are encoded already, in place of those of the options.
 */
export async function runHere(
  options: RunOptions,
  variables?: Variables,
  input?: Payload,
): Promise<Payload> {
  const { task = "main", args = [], signal, kwargs, onEvent, stdin, capture } = options;
  const call = { signal, kwargs, onEvent, stdin, capture };
  try {
    const program = await openHere(options, variables);
    try {
      return await (input === undefined
        ? program.call(task, args, call)
        : program.callWith(input, task, call));
    } finally {
      program.close();
    }
  } catch (error) {
    const failure = failureOf(error, task, signal);
    if (failure === undefined) throw error;
    return failedEnvelope(task, failure);
  }
}

/** What is no mistake of whoever runs a program, though none could be run. */
function failureOf(error: unknown, task: string, signal?: AbortSignal): EnvelopeError | undefined {
  if (signal?.aborted && error === signal.reason) return CANCELLED;
  if (!(error instanceof CapsuleError)) return undefined;
  const { code, message } = error;
  const isFault = error instanceof LoadFault;
  const hint = isFault && error.isHintForHost ? undefined : error.hint;
  if (code === "invalid_module") {
    return { error_type: "invalid_module", message: hint ? `${message}; ${hint}` : message };
  }
  // A program has a main: whoever names no other task has made no mistake.
  if (code === "invalid_program" || code === "task_not_found" && task === "main") {
    const told = hint ? `${message}${message.includes("\n") ? "\n" : "; "}${hint}` : message;
    return {
      error_type: "invalid_program",
      message: told,
      ...isFault ? error.place : placeOf(message),
    };
  }
}
