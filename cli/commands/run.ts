import { SOURCE_ENDINGS } from "../../compiler/program.ts";
import { CapsuleError } from "../../errors/error.ts";
import type { ProgramOptions, ProgramSettings } from "../../runner/options.ts";
import { execute, EXECUTION_OPTIONS } from "../execute.ts";
import { readInput } from "../options/input.ts";
import { type Arguments, type CommandSpec, parseArguments } from "../options/arguments.ts";
import { entrypoint, workingFolder } from "../options/folder.ts";
import { readEntrypoint } from "../../runner/config/config.ts";
import { projectRoot } from "../../runner/config/project.ts";
import { platform } from "../../platform/mod.ts";
import { extname, resolve } from "../../platform/path.ts";

export const runCommand: CommandSpec = {
  name: "run",
  usage: "[FILE] [ARGS…] [OPTIONS] [-- ARGS…]",
  summary: "Run a task of a program in a sandbox",
  details: `
FILE is TypeScript (.ts, .tsx, .mts), JavaScript (.js, .mjs) or Python (.py); - reads
the program from standard input. Without FILE, the entrypoint of the nearest
capsule.toml runs. ARGS are passed to the task as text; --args-json and --args-file pass
typed ones. The task is main, or what --task names.

Examples:
  capsule run hello.py
  capsule run hello.ts Ada
  capsule run sum.ts --args-json '[1, 2, 3]'
  capsule run report.py --task summary --json --args-file rows.json
  capsule run report.py --watch
  capsule run theirs.py --policy none --allow-files ./data:ro --timeout 5s
  echo 'print(6 * 7)' | capsule run - --language python

Tasks of a file get the access that they declare. A program from standard input gets only
what --allow options grant, unless --allow-declared is given.

The exit status is 0 if the task succeeded, 1 if it or the program failed, 2 for a usage or
host error, 130 if it was interrupted.`,
  options: {
    ...EXECUTION_OPTIONS,
    watch: { help: "Run again whenever a file of the program changes" },
    packages: {
      value: "WHICH",
      completes: "folders",
      help: "Packages that the program may import: host, none, or a folder's",
    },
    language: {
      value: "LANGUAGE",
      completes: { words: ["python", "typescript", "javascript"] },
      help: "python, typescript or javascript, when FILE is -",
    },
  },
  completes: { first: { endings: SOURCE_ENDINGS }, others: "files" },
};

/** Runs a program. Returns the exit status. */
export async function run(args: string[]): Promise<number> {
  const parsed = parseArguments(args, runCommand);
  const [file, ...texts] = parsed.positional;
  const cwd = workingFolder(parsed);
  if (file?.endsWith(".wasm")) {
    throw new CapsuleError("invalid_argument", `Cannot run "${file}": it is built already`, {
      hint: `capsule exec ${file} runs it`,
    });
  }
  // Before signals are caught: whoever waits for standard input can simply be ended.
  const program = { ...await programOf(file, parsed, cwd), ...packagesOf(parsed) };
  const once = (superseded?: AbortSignal) =>
    execute({ program, texts, parsed, cwd, ...(superseded && { superseded }) });
  if (!parsed.flags.has("watch")) return await once();
  if (program.file === undefined) {
    throw new CapsuleError("invalid_argument", "--watch needs a file: - is read once");
  }
  const { watch } = await import("../watch.ts");
  const isConfined = parsed.values.get("policy")?.[0] === "none";
  return await watch({ file: program.file, cwd, isConfined }, once);
}

async function programOf(
  file: string | undefined,
  parsed: Arguments,
  cwd: string,
): Promise<ProgramOptions> {
  const language = parsed.values.get("language")?.[0];
  if (file !== "-") {
    if (language !== undefined) {
      throw new CapsuleError("invalid_argument", "--language only applies when FILE is -");
    }
    if (file !== undefined) await checkFile(file, cwd);
    return { file: file ?? await entrypoint(cwd, "run") };
  }
  if (language !== "python" && language !== "typescript" && language !== "javascript") {
    const problem = language === undefined
      ? "a program from standard input needs its language"
      : `there is no language ${JSON.stringify(language)}`;
    throw new CapsuleError("invalid_argument", problem, {
      hint: "add --language python, typescript or javascript",
    });
  }
  if (parsed.values.get("stdin")?.[0] === "-") {
    throw new CapsuleError(
      "invalid_argument",
      "--stdin - excludes - as FILE: standard input holds the program",
      { hint: "name a file of what main reads: --stdin FILE" },
    );
  }
  return { code: new TextDecoder().decode(await readInput("-")), language };
}

/** Arguments of an entrypoint are easily written where FILE is. */
async function checkFile(file: string, cwd: string): Promise<void> {
  const path = resolve(cwd, file);
  if (SOURCE_ENDINGS.includes(extname(file)) || platform.stat(path) !== undefined) return;
  if (await readEntrypoint(projectRoot(undefined, cwd)) === undefined) return;
  throw new CapsuleError("file_not_found", `Cannot read "${path}": there is no such file`, {
    hint: `to pass it to the entrypoint of capsule.toml: capsule run -- ${file}`,
  });
}

function packagesOf(parsed: Arguments): Pick<ProgramSettings, "packages"> {
  const which = parsed.values.get("packages")?.[0];
  if (which === undefined) return {};
  return { packages: which === "none" ? false : which };
}
