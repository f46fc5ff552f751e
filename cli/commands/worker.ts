import { CapsuleError } from "../../errors/error.ts";
import { platform } from "../../platform/mod.ts";
import { closeRuntime } from "../../runner/runtime.ts";
import { serve } from "../../worker/serve.ts";
import { type CommandSpec, parseArguments } from "../options/arguments.ts";

export const workerCommand: CommandSpec = {
  name: "worker",
  usage: "",
  summary: "Serve runs to the process that started this one",
  details: `
Reads requests from standard input and writes responses and events to standard output, as
binary frames; protocol/README.md describes the protocol. The Python package and the option
isolation: "process" of the API start a worker themselves; use this command only for a
client of your own.

The worker ends, and cancels its runs, when standard input ends or its parent process ends.
It writes diagnostics to standard error and ignores Ctrl-C.`,
  options: {},
};

/** Serves one client until it disconnects. */
export async function worker(args: string[]): Promise<number> {
  const { positional, rest } = parseArguments(args, workerCommand);
  const [argument] = [...positional, ...rest];
  if (argument !== undefined) {
    throw new CapsuleError("invalid_argument", `unexpected argument ${JSON.stringify(argument)}`);
  }
  if (platform.isTerminal(0) || platform.isTerminal(1)) {
    throw new CapsuleError("invalid_argument", "a worker needs pipes, not a terminal", {
      hint: "a client program starts it: see capsule worker --help",
    });
  }
  keepOutputClean();
  // A terminal sends SIGINT to the whole process group: the parent process handles it.
  platform.onSignal("SIGINT", () => {});
  try {
    await serve();
  } finally {
    closeRuntime();
  }
  return 0;
}

/** Redirects `console` to standard error, because standard output carries frames. */
function keepOutputClean(): void {
  const names = ["log", "info", "debug", "dir", "dirxml", "table", "group", "count", "timeEnd"];
  for (const name of [...names, "groupCollapsed", "timeLog"] as (keyof Console)[]) {
    Object.assign(console, { [name]: (...values: unknown[]) => console.error(...values) });
  }
}
