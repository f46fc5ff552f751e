/** A program that is loaded in this process. */
import type { Variables } from "./environment.ts";
import { encodeInput } from "./input.ts";
import type { ProgramHandle } from "./open.ts";
import { listenerOf, prepare, type ProgramOptions } from "./prepare.ts";
import { runtime } from "./runtime.ts";
import { checkTask } from "./task_names.ts";

/**
 * Loads a program in this process.
 *
 * @param variables Those of the process that the program runs for, if that is another one.
 * @throws {CapsuleError} for mistakes on the host's side. The reason of the signal, if that aborts.
 */
export async function openHere(
  options: ProgramOptions,
  variables?: Variables,
): Promise<ProgramHandle> {
  const { program, loaded, policies, limits } = await prepare(options, variables);
  const names = new Set(Object.keys(policies));
  try {
    const grant = runtime().grant({ program: loaded.id, policies, limits });
    return {
      tasks: [...names],
      call(task, args, { onEvent, signal, kwargs }) {
        checkTask(program, names, task);
        const input = encodeInput(args, kwargs);
        const request = { grant, task, input, observe: onEvent !== undefined };
        return runtime().run(request, listenerOf(onEvent), signal);
      },
      close: () => runtime().unload(loaded.id),
    };
  } catch (error) {
    runtime().unload(loaded.id);
    throw error;
  }
}
