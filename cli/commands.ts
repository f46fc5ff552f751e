import { CapsuleError } from "../errors/error.ts";
import { similar } from "../errors/similar.ts";
import type { CommandSpec } from "./options/arguments.ts";
import { run, runCommand } from "./commands/run.ts";

/** A command. */
export interface Command {
  /** Its arguments, options and help. */
  spec: CommandSpec;
  /** Runs it. Returns the exit status. */
  run(args: string[]): Promise<number>;
}

/** All commands except `run` are loaded on demand, because loading one takes milliseconds. */
const COMMANDS: Record<string, () => Promise<Command>> = {
  run: () => Promise.resolve({ spec: runCommand, run }),
  build: async () => {
    const { build, buildCommand } = await import("./commands/build.ts");
    return { spec: buildCommand, run: build };
  },
  exec: async () => {
    const { exec, execCommand } = await import("./commands/exec.ts");
    return { spec: execCommand, run: exec };
  },
  list: async () => {
    const { list, listCommand } = await import("./commands/list.ts");
    return { spec: listCommand, run: list };
  },
  trace: async () => {
    const { trace, traceCommand } = await import("./commands/trace.ts");
    return { spec: traceCommand, run: trace };
  },
  clean: async () => {
    const { clean, cleanCommand } = await import("./commands/clean.ts");
    return { spec: cleanCommand, run: clean };
  },
  doctor: async () => {
    const { doctor, doctorCommand } = await import("./commands/doctor.ts");
    return { spec: doctorCommand, run: doctor };
  },
  worker: async () => {
    const { worker, workerCommand } = await import("./commands/worker.ts");
    return { spec: workerCommand, run: worker };
  },
  completions: async () => {
    const { completions, completionsCommand } = await import("./commands/completions.ts");
    const run = async (args: string[]) =>
      completions(args, (await allCommands()).map(({ spec }) => spec));
    return { spec: completionsCommand, run };
  },
};

/** All commands, in the order of the help. */
export function allCommands(): Promise<Command[]> {
  return Promise.all(Object.values(COMMANDS).map((load) => load()));
}

/**
 * The command with this name.
 *
 * @throws {CapsuleError} `invalid_argument` for an unknown name; the hint lists the commands.
 */
export function commandOf(name: string): Promise<Command> {
  const load = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (load) return load();
  const names = Object.keys(COMMANDS);
  // As in `deno main.ts`: users of other runtimes leave out `run`.
  const isFile = /\.(?:[cm]?[jt]sx?|py)$/.test(name);
  const meant = isFile ? `run ${name}` : similar(name, names);
  throw new CapsuleError("invalid_argument", `unknown command ${JSON.stringify(name)}`, {
    hint: meant ? `did you mean capsule ${meant}?` : "capsule --help lists the commands",
  });
}
