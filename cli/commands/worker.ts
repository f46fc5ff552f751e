import { CapsuleError } from "../../errors/error.ts";
import { platform } from "../../platform/mod.ts";
import { closeRuntime } from "../../runner/runtime.ts";
import { serve } from "../../worker/serve.ts";
import { type CommandSpec, parseArguments } from "../options/arguments.ts";

export const workerCommand: CommandSpec = {
  name: "worker",
  usage: "",
  summary: "Serve runs to the process that started it",
  details: `
Reads requests from standard input and writes answers and events to standard output, in
frames of bytes: protocol/README.md describes them. The Python package starts a worker, and
so does isolation: "process" of the API; nobody has to by hand. It ends when its standard
input does, or when whoever started it has ended; what runs then is cancelled.

Standard error is for people. Ctrl-C is left to whoever started it.`,
  options: {},
};

/** Serves one client until it is gone. */
export async function worker(args: string[]): Promise<number> {
  const { positional, rest } = parseArguments(args, workerCommand);
  const [argument] = [...positional, ...rest];
  if (argument !== undefined) {
    throw new CapsuleError("invalid_argument", `worker takes no ${JSON.stringify(argument)}`);
  }
  if (platform.isTerminal(0) || platform.isTerminal(1)) {
    throw new CapsuleError("invalid_argument", "a worker talks to a program, not to a terminal", {
      hint: "capsule worker --help tells who starts it",
    });
  }
  keepOutputClean();
  // A terminal sends it to all at once: whoever started this decides what it means.
  platform.onSignal("SIGINT", () => {});
  try {
    await serve();
  } finally {
    closeRuntime();
  }
  return 0;
}

/** Standard output is for frames: what anything in this process says of itself goes to standard error. */
function keepOutputClean(): void {
  const names = ["log", "info", "debug", "dir", "dirxml", "table", "group", "count", "timeEnd"];
  for (const name of [...names, "groupCollapsed", "timeLog"] as (keyof Console)[]) {
    Object.assign(console, { [name]: (...values: unknown[]) => console.error(...values) });
  }
}
