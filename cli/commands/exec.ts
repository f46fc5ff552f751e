import { CapsuleError } from "../../errors/error.ts";
import { extname } from "../../platform/path.ts";
import { type CommandSpec, parseArguments } from "../options/arguments.ts";
import { execute, EXECUTION_OPTIONS } from "../execute.ts";
import { workingFolder } from "../options/folder.ts";

export const execCommand: CommandSpec = {
  name: "exec",
  usage: "FILE.wasm [ARGS…] [OPTIONS] [-- ARGS…]",
  summary: "Run a task of a built component",
  details: `
Components are untrusted: their tasks get CPU, memory and time, but none of the files, hosts
and environment variables that they declare. --allow-declared grants all of that; the other
--allow options grant only what they name.

Only components that this version of Capsule built can run. Others are rejected; build them
again with this version.

Examples:
  capsule exec report.wasm --args-file rows.json
  capsule exec fetch.wasm --allow-hosts api.example.com,*.example.org
  capsule exec mine.wasm --allow-declared
  capsule exec notes.wasm --allow-files ./notes:ro --allow-env LANG

ARGS are passed to the task as strings; --args-json and --args-file pass typed values.

Exit codes: 0 success, 1 the task failed, 2 usage or host error, 130 interrupted.`,
  options: EXECUTION_OPTIONS,
  completes: { first: { endings: [".wasm"] }, others: "files" },
};

/** Runs a component. Returns the exit code. */
export async function exec(args: string[]): Promise<number> {
  const parsed = parseArguments(args, execCommand);
  const [file, ...texts] = parsed.positional;
  if (file === undefined) {
    throw new CapsuleError("invalid_argument", "exec needs a FILE.wasm", {
      hint: "capsule build main.ts --export builds one",
    });
  }
  if (extname(file) !== ".wasm") {
    throw new CapsuleError("invalid_argument", `Cannot exec "${file}": not a .wasm file`, {
      hint: `run source files with: capsule run ${file}`,
    });
  }
  return await execute({ program: { file }, texts, parsed, cwd: workingFolder(parsed) });
}
