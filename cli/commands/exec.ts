import { CapsuleError } from "../../errors/error.ts";
import { extname } from "../../platform/path.ts";
import { type CommandSpec, parseArguments } from "../options/arguments.ts";
import { execute, EXECUTION_OPTIONS } from "../execute.ts";
import { workingFolder } from "../options/folder.ts";

export const execCommand: CommandSpec = {
  name: "exec",
  usage: "FILE.wasm [ARGS…] [OPTIONS] [-- ARGS…]",
  summary: "Run a task of a component that build made",
  details: `
What tasks of a component declare, they do not get: anybody may have written it. They get
fuel, memory and time. --allow-declared lets them have all that they declare; the other
--allow options give them what they name.

Only code of the engines of this version is run: a component of another version, or with
any other code, is refused before it is looked at. Build it again with this version.

Examples:
  capsule exec report.wasm --args-file rows.json
  capsule exec fetch.wasm --allow-hosts api.example.com,*.example.org
  capsule exec mine.wasm --allow-declared
  capsule exec notes.wasm --allow-files ./notes:ro --allow-env LANG

ARGS go to main as text; --args-json and --args-file give typed ones. The exit status is 0
if the task succeeded, 1 if it failed, 2 for a usage or host error, 130 if it was
interrupted.`,
  options: EXECUTION_OPTIONS,
  completes: { first: { endings: [".wasm"] }, others: "files" },
};

/** Runs a component. Returns the exit status. */
export async function exec(args: string[]): Promise<number> {
  const parsed = parseArguments(args, execCommand);
  const [file, ...texts] = parsed.positional;
  if (file === undefined) {
    throw new CapsuleError("invalid_argument", "no FILE.wasm is given", {
      hint: "capsule build main.ts --export makes one",
    });
  }
  if (extname(file) !== ".wasm") {
    throw new CapsuleError("invalid_argument", `Cannot exec "${file}": it is no .wasm file`, {
      hint: `capsule run ${file} runs a source`,
    });
  }
  return await execute({ program: { file }, texts, parsed, cwd: workingFolder(parsed) });
}
