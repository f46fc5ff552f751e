import { readMadeFile } from "../../ffi/host_file.ts";
import { SOURCE_ENDINGS } from "../../compiler/program.ts";
import { CapsuleError } from "../../errors/error.ts";
import { platform } from "../../platform/mod.ts";
import {
  basename,
  dirname,
  extname,
  isInside,
  join,
  relative,
  resolve,
  stem,
} from "../../platform/path.ts";
import { build as buildComponent, type BuildStage } from "../../runner/build.ts";
import { closeRuntime } from "../../runner/runtime.ts";
import { type CommandSpec, parseArguments } from "../options/arguments.ts";
import { entrypoint, workingFolder } from "../options/folder.ts";
import { noteLine, printLine, progress, writeOutput } from "../terminal/report.ts";
import { duration, size } from "../terminal/table.ts";

export const buildCommand: CommandSpec = {
  name: "build",
  usage: "[FILE] [OPTIONS]",
  summary: "Build a program into one .wasm file",
  details: `
FILE is a program, as for capsule run. The component holds the language engine with the
program loaded: top-level code has already run, and running the component needs neither
sources nor packages. It is written to .capsule/wasm of the project, and its path is
printed. Run it with capsule exec of the same version.

Examples:
  capsule build report.py --export        writes report.wasm next to report.py
  capsule build main.ts --output dist/main.wasm
  capsule build main.ts --export --thin   writes a few KB, without the engine`,
  options: {
    export: { help: "Copy the component next to FILE: main.ts to main.wasm" },
    output: { value: "PATH", completes: "files", short: "o", help: "Copy the component to PATH" },
    thin: { help: "Leave out the engine; exec uses the installed one" },
    cwd: { value: "DIR", completes: "folders", help: "Working directory for relative paths" },
  },
  completes: { first: { endings: SOURCE_ENDINGS } },
};

const STAGES: Record<BuildStage, [doing: string, done: string]> = {
  load: ["Loading the program", "loaded the program"],
  packages: ["Collecting packages", "collected packages"],
  component: ["Building the component", "built the component"],
  write: ["Writing the component", "wrote the component"],
};

/** Builds a component. Returns the exit code. */
export async function build(args: string[]): Promise<number> {
  const parsed = parseArguments(args, buildCommand);
  const cwd = workingFolder(parsed);
  const [given, ...more] = parsed.positional;
  if (more.length > 0) {
    throw new CapsuleError(
      "invalid_argument",
      `build takes one FILE; unexpected arguments: ${more.join(" ")}`,
    );
  }
  const file = resolve(cwd, given ?? await entrypoint(cwd, "build"));
  const targets = targetsOf(file, cwd, {
    isExported: parsed.flags.has("export"),
    output: parsed.values.get("output")?.[0],
  });
  const startedMs = performance.now();
  const stages = new Stages();
  try {
    const built = await buildComponent({
      file,
      cwd,
      thin: parsed.flags.has("thin"),
      onStage: (stage) => stages.begin(stage),
      onEvent: (event) => event.type === "output" && writeOutput({ ...event, stream: "stderr" }),
    });
    stages.end();
    for (const target of targets) copy(built.path, target);
    const path = targets.at(-1) ?? built.path;
    const shown = isInside(cwd, path) ? relative(cwd, path) : path;
    const spent = duration(performance.now() - startedMs);
    const how = built.isKept ? "nothing changed" : spent;
    noteLine(`✔ ${basename(path)}: ${size(built.bytes)}, ${how}; tasks: ${built.tasks.join(", ")}`);
    printLine(shown);
    return 0;
  } catch (error) {
    stages.fail();
    throw error;
  } finally {
    closeRuntime();
  }
}

/** The paths that the component is copied to. */
function targetsOf(
  file: string,
  cwd: string,
  { isExported, output }: { isExported: boolean; output: string | undefined },
): string[] {
  const targets: string[] = [];
  if (isExported) {
    targets.push(join(dirname(file), `${stem(file)}.wasm`));
  }
  if (output !== undefined) {
    const path = resolve(cwd, output);
    const name = extname(path) === ".wasm" ? path : undefined;
    if (name === undefined || platform.stat(path)?.isFolder) {
      throw new CapsuleError("invalid_argument", `Cannot write "${output}": not a .wasm file`, {
        hint: `name a file: --output ${join(output, "main.wasm")}`,
      });
    }
    if (!platform.stat(dirname(path))?.isFolder) {
      throw new CapsuleError(
        "file_not_found",
        `Cannot write "${output}": folder "${dirname(output)}" does not exist`,
      );
    }
    targets.push(path);
  }
  return targets;
}

function copy(from: string, to: string): void {
  const component = readMadeFile(from);
  if (component === undefined) {
    throw new CapsuleError("file_not_found", `Cannot read "${from}": it was removed or replaced`);
  }
  platform.replaceFile(to, component);
}

/** Shows each step while it is in progress, then how long it took. */
class Stages {
  #now: { stage: BuildStage; startedMs: number; shown: ReturnType<typeof progress> } | undefined;

  begin(stage: BuildStage): void {
    this.end();
    this.#now = { stage, startedMs: performance.now(), shown: progress(STAGES[stage][0]) };
  }

  end(): void {
    if (this.#now === undefined) return;
    const { stage, startedMs, shown } = this.#now;
    shown.done(`${STAGES[stage][1]} (${duration(performance.now() - startedMs)})`);
    this.#now = undefined;
  }

  fail(): void {
    this.#now?.shown.failed();
    this.#now = undefined;
  }
}
