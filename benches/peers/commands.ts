/** Sides that are a command: each sample is a whole process, from its start to its end. */
import { ROOT } from "../../scripts/common.ts";
import { PROGRAMS as SOURCES } from "../packages.ts";
import type { Offer, Side } from "../side.ts";
import { hasOriginalSdk, originalFolder, PEERS } from "./install.ts";
import { PROGRAMS as ORIGINAL_SOURCES } from "./original_programs.ts";

/** A command line that runs files. */
interface Command {
  name: string;
  version?: string;
  /** What runs a file. */
  run(file: string): string[];
  cwd: string;
  env?: Record<string, string>;
  /** By the name of a program. */
  programs: Record<string, Program>;
  offer?: Offer;
  /** No more samples than these are wanted of a kind: they take long, and each is all there is to it. */
  most?: Record<string, number>;
}

interface Program {
  file: string;
  /** Where it is, if it has a folder of its own. */
  cwd?: string;
  source: string;
  /** What it prints contains this. */
  prints: string;
  /** Its text and what it prints, after an edit. */
  edit?: {
    from: string;
    to(number: number): string;
    prints(number: number): string;
  };
}

const HELLO = { from: "Hello", to: greeting, prints: greeting };

/** The command line of Capsule, as `scripts/capsule` starts it. */
export function capsuleCommand(cache: string): Command {
  const source = (name: string) => Deno.readTextFileSync(`${SOURCES}/${name}`);
  const example = (name: string) => Deno.readTextFileSync(`${ROOT}examples/${name}`);
  return {
    name: "Capsule",
    run: (file) => [Deno.execPath(), ...CLI, "run", file],
    cwd: SOURCES,
    env: { CAPSULE_CACHE_DIR: cache },
    programs: {
      typescript: {
        file: "hello.ts",
        source: example("hello.ts"),
        prints: "Hello",
        edit: HELLO,
      },
      python: {
        file: "hello.py",
        source: example("hello.py"),
        prints: "Hello",
        edit: HELLO,
      },
      zod: {
        file: "zod_edit.ts",
        source: source("zod.ts"),
        prints: "object",
        edit: {
          from: "Row.def.type",
          to: (number) => `Row.def.type + ${number}`,
          prints: (number) => `object${number}`,
        },
      },
      bs4: {
        file: "soup_edit.py",
        source: source("soup.py"),
        prints: "ab",
        edit: {
          from: "<li>b",
          to: (number) => `<li>${number}`,
          prints: (number) => `a${number}`,
        },
      },
    },
  };
}

/** Deno alone, without a sandbox: what the command line cannot go below. */
export function denoCommand(): Command {
  const hello = {
    file: "print.ts",
    source: `console.log("Hello");\n`,
    prints: "Hello",
    edit: HELLO,
  };
  return {
    name: "deno run",
    version: Deno.version.deno,
    run: (file) => [Deno.execPath(), "run", "--no-config", "--quiet", file],
    cwd: SOURCES,
    programs: Object.fromEntries(PROGRAMS.map((name) => [name, hello])),
    offer: { note: "no sandbox: a file that prints one line" },
  };
}

/** The command line of monty. */
export function montyCommand(): Command {
  const source = `print("Hello")\n`;
  return {
    name: "monty",
    run: (file) => [`${PEERS}/.venv/bin/monty`, file],
    cwd: PEERS,
    programs: {
      python: { file: "hello.py", source, prints: "Hello", edit: HELLO },
    },
    offer: {
      note: "an interpreter of a part of Python: no imports of packages, no tasks",
    },
  };
}

/** The command line of the original. */
export function originalCommand(): Command {
  const program = (name: string, offer: string) => ({
    file: name,
    cwd: originalFolder(offer),
    source: ORIGINAL_SOURCES[name]!,
    prints: "Hello, Ada!",
    edit: HELLO,
  });
  return {
    name: "the original",
    run: (file) => [originalPath(), "run", file],
    cwd: PEERS,
    env: { PATH: `${PEERS}/.venv/bin:${Deno.env.get("PATH")}` },
    programs: {
      ...(hasOriginalSdk() ? { typescript: program("hello.ts", "edited.ts") } : {}),
      python: program("hello.py", "edited.py"),
    },
    offer: { note: "builds a component and compiles it, for each edit" },
    most: { edit: 3 },
  };
}

/** The program of the original. */
export function originalPath(): string {
  return `${PEERS}/node_modules/@capsule-run/cli-linux-x64/capsule`;
}

/** The side of a command line, for edits and for programs that have not changed. */
export function commandSide(command: Command): Side {
  const offers: Record<string, Offer> = {};
  for (const name of Object.keys(command.programs)) {
    for (const kind of ["edit", "unchanged"]) {
      const most = command.most?.[kind];
      offers[`${kind}-${name}`] = {
        ...command.offer,
        ...(most === undefined ? {} : { most, cold: true }),
      };
    }
  }
  return {
    name: command.name,
    ...(command.version === undefined ? {} : { version: command.version }),
    offers,
    async take(workload, count) {
      const [kind, name] = workload.split("-") as [string, string];
      const program = command.programs[name]!;
      const samples = [];
      for (let sample = 0; sample < count; sample++) {
        const prints = prepare(command, program, kind === "edit");
        samples.push(await run({ ...command, ...program }, prints));
      }
      return samples;
    },
    close: () => Promise.resolve(),
  };
}

/** Milliseconds of a whole process. It is an error if it does not print that. */
export async function run(
  command: Pick<Command, "run" | "cwd" | "env"> & { file: string },
  prints: string,
): Promise<number> {
  const [program, ...args] = command.run(command.file);
  const { cwd, env = {} } = command;
  const before = performance.now();
  const output = new Deno.Command(program!, {
    args,
    cwd,
    env,
    stdin: "null",
    signal: AbortSignal.timeout(LIMIT_MS),
  });
  const { stdout, stderr } = await output.output();
  const ms = performance.now() - before;
  const text = new TextDecoder().decode(stdout);
  if (text.includes(prints)) return ms;
  const complaint = new TextDecoder().decode(stderr).trim() || text.trim();
  throw new Error(
    `it does not print ${JSON.stringify(prints)}: ${complaint.slice(0, 300)}`,
  );
}

/** Writes the program, or edits it. Returns what it prints. */
function prepare(command: Command, program: Program, isEdit: boolean): string {
  const { file, cwd = command.cwd, source, prints, edit } = program;
  Deno.mkdirSync(cwd, { recursive: true });
  const path = `${cwd}/${file}`;
  if (isEdit && edit !== undefined) {
    edits++;
    Deno.writeTextFileSync(path, source.replace(edit.from, edit.to(edits)));
    return edit.prints(edits);
  }
  // Written once: a file that was only touched is looked at again.
  if (readIfThere(path) !== source) Deno.writeTextFileSync(path, source);
  return prints;
}

/** No two edits are the same, in this process or another one. */
let edits = Date.now() % 1e9;

function greeting(number: number): string {
  return `Hello${number}`;
}

function readIfThere(path: string): string | undefined {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return undefined;
  }
}

const CLI = [
  "run",
  "-A",
  "--no-check",
  "--quiet",
  `--config=${ROOT}deno.json`,
  `${ROOT}cli.ts`,
];
const PROGRAMS = ["typescript", "python", "zod", "bs4"];
const LIMIT_MS = 180_000;
