import { CapsuleError } from "../errors.ts";
import { extname } from "../platform/path.ts";
import type { ProgramOptions } from "../runner/open.ts";
import { type Arguments, type CommandSpec, parseArguments } from "./arguments.ts";
import { execute, EXECUTION_OPTIONS } from "./execute.ts";
import { workingFolder } from "./folder.ts";

export const execCommand: CommandSpec = {
  name: "exec",
  usage: "FILE.wasm [ARGS…] [OPTIONS] [-- ARGS…]",
  summary: "Run the main task of a component that build made",
  details: `
What tasks of a component declare, they do not get: anybody may have written it. They get
fuel, memory and time. --allow-declared permits all that they declare; the other --allow
options permit those parts of it that they name.

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
  options: {
    ...EXECUTION_OPTIONS,
    "allow-declared": { help: "Permit all hosts, folders and variables that tasks declare" },
    "allow-hosts": {
      value: "HOSTS",
      repeated: true,
      help: "Permit these hosts, if tasks declare them: a.com,*.b.com",
    },
    "allow-files": {
      value: "DIRS",
      completes: "folders",
      repeated: true,
      help: "Permit these folders, if tasks declare them: ./data:ro,./out",
    },
    "allow-env": {
      value: "NAMES",
      repeated: true,
      help: "Permit these variables, if tasks declare them",
    },
  },
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
  const program = { file, policy: policyOf(parsed) };
  return await execute(program, texts, parsed, workingFolder(parsed));
}

function policyOf(parsed: Arguments): NonNullable<ProgramOptions["policy"]> {
  const listed = (name: string) =>
    (parsed.values.get(name) ?? []).flatMap((value) => value.split(",")).map((text) => text.trim())
      .filter(Boolean);
  const ceiling = {
    allowHosts: listed("allow-hosts"),
    allowFiles: listed("allow-files").map(folderOf),
    allowEnv: listed("allow-env"),
  };
  if (!parsed.flags.has("allow-declared")) return ceiling;
  if (Object.values(ceiling).some((list) => list.length > 0)) {
    throw new CapsuleError(
      "invalid_argument",
      "--allow-declared permits everything: another --allow option beside it permits no less",
    );
  }
  return "declared";
}

function folderOf(text: string): { path: string; mode: "ro" | "rw" } {
  const mode = text.match(/:(ro|rw)$/)?.[1] as "ro" | "rw" | undefined;
  return { path: mode === undefined ? text : text.slice(0, -3), mode: mode ?? "rw" };
}
