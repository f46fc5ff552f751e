/** A program that is loaded in this process. */
import { clipped } from "../../errors/clipped.ts";
import type { Program } from "../../compiler/program.ts";
import { CapsuleError } from "../../errors/error.ts";
import type { Payload } from "../../sdk/payload.ts";
import type { Variables } from "../config/environment.ts";
import { encodeInput } from "../envelope/input.ts";
import { ceilingOf, clippedInCall } from "../policy/limits.ts";
import type { ProgramHandle } from "./handle.ts";
import type { CallDetails, ProgramOptions } from "../options/options.ts";
import { parseCall } from "../options/parsed_options.ts";
import { listenerOf, prepare } from "./prepare.ts";
import { resolveProgram } from "./request.ts";
import { runtime } from "../runtime.ts";
import { checkTask } from "./task_names.ts";

/** A program that is loaded in this process, and may be called for another one. */
export interface LocalProgram extends ProgramHandle {
  /** Like `call`, with arguments that are encoded already. */
  callWith(input: Payload, task: string, options: CallDetails): Promise<Payload>;
}

/**
 * Functions in JavaScript have no keyword arguments: they would be dropped.
 *
 * @throws {CapsuleError} `invalid_argument`.
 */
function refuseKeywords(program: Program, { json }: Payload): void {
  // Inputs may be large, and hardly one has them.
  if (!json.includes('"kwargs"')) return;
  const { kwargs } = JSON.parse(json);
  const names = kwargs && Object.keys(kwargs);
  if (!names?.length) return;
  throw new CapsuleError(
    "invalid_argument",
    `tasks of "${program.name}" have no keyword arguments, so ${
      clipped(names.join(", "))
    } would be lost`,
    { option: "kwargs", hint: "pass them in args, for example as an object" },
  );
}

/**
 * Loads a program in this process.
 *
 * @param variables Those of the process that the program runs for, if that is another one.
 * @throws {CapsuleError} for mistakes on the host's side. The reason of the signal, if that aborts.
 */
export async function openHere(
  options: ProgramOptions,
  variables?: Variables,
): Promise<LocalProgram> {
  options.signal?.throwIfAborted();
  const request = await resolveProgram(options, variables);
  const { program, loaded, policies } = await prepare(request);
  const names = new Set(Object.keys(policies));
  try {
    const { budget: limits, secrets } = request;
    const grant = runtime().grant({ program: loaded.id, policies, limits, secrets });
    const callWith = (input: Payload, task: string, options: CallDetails) => {
      const { onEvent, signal } = options;
      if (program.language === "javascript") refuseKeywords(program, input);
      const { limits, fixed, stdin, capture } = parseCall(options);
      if (limits && onEvent) {
        const clipped = clippedInCall(policies, limits);
        if (clipped.length > 0) onEvent({ type: "limits_clipped", limits: clipped });
      }
      const call = {
        grant,
        task,
        input,
        observe: onEvent !== undefined,
        ceiling: limits && ceilingOf(limits),
        capture,
        stdin,
        fixed: fixed ? { ...request.fixed, ...fixed } : request.fixed,
      };
      return runtime().run(call, listenerOf(onEvent), signal);
    };
    return {
      tasks: [...names],
      call(task, args, options) {
        checkTask(program, names, task);
        return callWith(encodeInput(args, options.kwargs), task, options);
      },
      callWith(input, task, options) {
        checkTask(program, names, task);
        return callWith(input, task, options);
      },
      close: () => runtime().unload(loaded.id),
    };
  } catch (error) {
    runtime().unload(loaded.id);
    throw error;
  }
}
