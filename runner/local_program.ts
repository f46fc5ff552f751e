/** A program that is loaded in this process. */
import { clipped } from "../errors/clipped.ts";
import type { Program } from "../compiler/program.ts";
import { CapsuleError } from "../errors/error.ts";
import type { Payload } from "../sdk/payload.ts";
import type { Variables } from "./config/environment.ts";
import { encodeInput } from "./envelope/input.ts";
import { parseFixed } from "./policy/fixed.ts";
import { ceilingOf, clippedInCall, parseLimits } from "./policy/limits.ts";
import type { ProgramHandle } from "./handle.ts";
import { type CallDetails, parseCapture, type ProgramOptions } from "./options.ts";
import { listenerOf, prepare } from "./prepare.ts";
import { runtime } from "./runtime.ts";
import { encodeStdin } from "./envelope/stdin.ts";
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
    `kwargs: tasks of "${program.name}" have no keyword arguments, and ${
      clipped(names.join(", "))
    } would be lost`,
    { hint: "pass them in args: an object, for instance" },
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
  const { program, loaded, policies, limits, secrets, fixed } = await prepare(options, variables);
  const names = new Set(Object.keys(policies));
  try {
    const grant = runtime().grant({ program: loaded.id, policies, limits, secrets });
    const callWith = (input: Payload, task: string, options: CallDetails) => {
      const { onEvent, signal, limits, stdin, capture, seed, now } = options;
      if (program.language === "javascript") refuseKeywords(program, input);
      const parsed = limits && parseLimits(limits);
      if (parsed && onEvent) {
        const clipped = clippedInCall(policies, parsed);
        if (clipped.length > 0) onEvent({ type: "limits_clipped", limits: clipped });
      }
      const request = {
        grant,
        task,
        input,
        observe: onEvent !== undefined,
        ceiling: parsed && ceilingOf(parsed),
        capture: parseCapture(capture),
        stdin: encodeStdin(stdin),
        fixed: seed === undefined && now === undefined
          ? fixed
          : { ...fixed, ...parseFixed({ seed, now }) },
      };
      return runtime().run(request, listenerOf(onEvent), signal);
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
