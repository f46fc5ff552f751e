import { SOURCE_ENDINGS } from "../../compiler/program.ts";
import { CapsuleError } from "../../errors/error.ts";
import type { ProgramOptions, ProgramSettings } from "../../runner/options/options.ts";
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
capsule.toml runs. The task is main, or the one that --task names. ARGS are passed to it as
strings; --args-json and --args-file pass typed values.

Examples:
  capsule run hello.py
  capsule run hello.ts Ada
  capsule run sum.ts --args-json '[1, 2, 3]'
  capsule run report.py --task summary --json --args-file rows.json
  capsule run report.py --watch
  capsule run theirs.py --policy none --allow-files ./data:ro --timeout 5s
  echo 'print(6 * 7)' | capsule run - --language python

Tasks of a file get the access that they declare; use --policy none for untrusted files. A
program from standard input gets only what --allow options grant.

Exit codes: 0 success, 1 the task failed or the program is invalid, 2 usage or host error,
130 interrupted.`,
  options: {
    ...EXECUTION_OPTIONS,
    watch: { help: "Run again whenever one of the program's files changes" },
    packages: {
      value: "WHICH",
      completes: "folders",
      help: "Packages that the program can import: host, none, or those of a folder",
    },
    language: {
      value: "LANGUAGE",
      completes: { words: ["python", "typescript", "javascript"] },
      help: "Language of the program when FILE is -: python, typescript or javascript",
    },
  },
  completes: { first: { endings: SOURCE_ENDINGS }, others: "files" },
};

/** Runs a program. Returns the exit code. */
export async function run(args: string[]): Promise<number> {
  const parsed = parseArguments(args, runCommand);
  const [file, ...texts] = parsed.positional;
  const cwd = workingFolder(parsed);
  if (file?.endsWith(".wasm")) {
    throw new CapsuleError("invalid_argument", `Cannot run "${file}": it is a built component`, {
      hint: `run it with: capsule exec ${file}`,
    });
  }
  // Standard input is read before signals are caught, so that Ctrl-C ends the process meanwhile.
  const program = { ...await programOf(file, parsed, cwd), ...packagesOf(parsed) };
  const once = (superseded?: AbortSignal) =>
    execute({ program, texts, parsed, cwd, ...(superseded && { superseded }) });
  if (!parsed.flags.has("watch")) return await once();
  if (program.file === undefined) {
    throw new CapsuleError("invalid_argument", "--watch needs a file, not -");
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
      ? "a program from standard input needs --language"
      : `unknown language ${JSON.stringify(language)}`;
    throw new CapsuleError("invalid_argument", problem, {
      hint: "add --language python, typescript or javascript",
    });
  }
  if (parsed.values.get("stdin")?.[0] === "-") {
    throw new CapsuleError(
      "invalid_argument",
      "--stdin - cannot be used when FILE is -: standard input holds the program",
      { hint: "read the task's standard input from a file: --stdin FILE" },
    );
  }
  return { code: new TextDecoder().decode(await readInput("-")), language };
}

/** Catches an argument for the entrypoint that was given without `--`, and so was taken as FILE. */
async function checkFile(file: string, cwd: string): Promise<void> {
  const path = resolve(cwd, file);
  if (SOURCE_ENDINGS.includes(extname(file)) || platform.stat(path) !== undefined) return;
  if (await readEntrypoint(projectRoot(undefined, cwd)) === undefined) return;
  throw new CapsuleError("file_not_found", `Cannot read "${path}": there is no such file`, {
    hint: `to pass it as an argument to capsule.toml's entrypoint: capsule run -- ${file}`,
  });
}

function packagesOf(parsed: Arguments): Pick<ProgramSettings, "packages"> {
  const which = parsed.values.get("packages")?.[0];
  if (which === undefined) return {};
  return { packages: which === "none" ? false : which };
}
