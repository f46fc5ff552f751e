import { CapsuleError } from "../errors/error.ts";
import { columns, helpOf } from "./options/arguments.ts";
import { allCommands, commandOf } from "./commands.ts";
import { printLine, reportError } from "./terminal/report.ts";
import { VERSION } from "../version.ts";

/** The exit code of a usage or host error. */
const FAILED = 2;
/** The exit code of an invalid program, the same as of a failed task. */
const PROGRAM_FAILED = 1;

/** Runs a command line. Returns the exit code; never throws. */
export async function main(args: string[]): Promise<number> {
  try {
    return await dispatch(args);
  } catch (error) {
    reportError(error);
    const isProgramInvalid = error instanceof CapsuleError && error.code === "invalid_program";
    return isProgramInvalid ? PROGRAM_FAILED : FAILED;
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

async function overview(): Promise<string> {
  const commands = await allCommands();
  return [
    "Capsule runs untrusted TypeScript, JavaScript and Python: each call of a task",
    "in its own WebAssembly sandbox.",
    "",
    "Usage: capsule COMMAND [ARGS…]",
    "",
    "Commands:",
    ...columns(commands.map(({ spec }) => [spec.name, spec.summary])),
    "",
    "Options:",
    ...columns([
      ["-h, --help", "Show this help; for a command: capsule COMMAND --help"],
      ["-V, --version", "Show the version"],
    ]),
    "",
    "Example:",
    "  $ cat hello.py",
    "  def main(name='world'):",
    "      return f'Hello, {name}!'",
    "  $ capsule run hello.py Ada",
    "  Hello, Ada!",
    "",
  ].join("\n");
}
