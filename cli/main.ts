import { CapsuleError } from "../errors.ts";
import { columns, type CommandSpec, helpOf } from "./arguments.ts";
import { printLine, reportError } from "./report.ts";
import { VERSION } from "../version.ts";

/** The exit status of a usage or host error. */
const FAILED = 2;

interface Command {
  spec: CommandSpec;
  run(args: string[]): Promise<number>;
}

/** Each in a file of its own, loaded when it is asked for: to load all takes milliseconds. */
const COMMANDS: Record<string, () => Promise<Command>> = {
  run: async () => {
    const { run, runCommand } = await import("./run.ts");
    return { spec: runCommand, run };
  },
  build: async () => {
    const { build, buildCommand } = await import("./build.ts");
    return { spec: buildCommand, run: build };
  },
  exec: async () => {
    const { exec, execCommand } = await import("./exec.ts");
    return { spec: execCommand, run: exec };
  },
  list: async () => {
    const { list, listCommand } = await import("./list.ts");
    return { spec: listCommand, run: list };
  },
  trace: async () => {
    const { trace, traceCommand } = await import("./trace.ts");
    return { spec: traceCommand, run: trace };
  },
  clean: async () => {
    const { clean, cleanCommand } = await import("./clean.ts");
    return { spec: cleanCommand, run: clean };
  },
  doctor: async () => {
    const { doctor, doctorCommand } = await import("./doctor.ts");
    return { spec: doctorCommand, run: doctor };
  },
  worker: async () => {
    const { worker, workerCommand } = await import("./worker.ts");
    return { spec: workerCommand, run: worker };
  },
};

/** Runs a command line. Returns the exit status; nothing is thrown. */
export async function main(args: string[]): Promise<number> {
  try {
    return await dispatch(args);
  } catch (error) {
    reportError(error);
    return FAILED;
  }
}

async function dispatch([name, ...args]: string[]): Promise<number> {
  if (name === "--version" || name === "-V") {
    printLine(`capsule ${VERSION}`);
    return 0;
  }
  if (name === undefined || name === "--help" || name === "-h" || name === "help") {
    const topic = name === "help" && args[0] !== undefined ? await commandOf(args[0]) : undefined;
    printLine(topic ? helpOf(topic.spec) : await overview());
    return name === undefined ? FAILED : 0;
  }
  const command = await commandOf(name);
  const ownArguments = args.slice(0, args.includes("--") ? args.indexOf("--") : undefined);
  if (ownArguments.includes("--help") || ownArguments.includes("-h")) {
    printLine(helpOf(command.spec));
    return 0;
  }
  return await command.run(args);
}

function commandOf(name: string): Promise<Command> {
  const load = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (load) return load();
  throw new CapsuleError("invalid_argument", `there is no command ${JSON.stringify(name)}`, {
    hint: `the commands are: ${Object.keys(COMMANDS).join(", ")}; capsule --help tells more`,
  });
}

async function overview(): Promise<string> {
  const commands = await Promise.all(Object.values(COMMANDS).map((load) => load()));
  return [
    "Capsule runs functions in TypeScript, JavaScript or Python, each call in a",
    "WebAssembly sandbox of its own.",
    "",
    "Usage: capsule COMMAND [ARGS…]",
    "",
    "Commands:",
    ...columns(commands.map(({ spec }) => [spec.name, spec.summary])),
    "",
    "Options:",
    ...columns([
      ["-h, --help", "Show this help; capsule COMMAND --help shows a command's"],
      ["-V, --version", "Show the version"],
    ]),
    "",
    "A first program:",
    "  $ cat hello.py",
    "  def main(name='world'):",
    "      return f'Hello, {name}!'",
    "  $ capsule run hello.py Ada",
    "  Hello, Ada!",
    "",
  ].join("\n");
}
