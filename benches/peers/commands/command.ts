/** A command line as a side: each sample is a whole process, from its start to its end. */
import type { Offer, Side } from "../../comparison/side.ts";

/** A command line that runs files. */
export interface Command {
  name: string;
  version?: string;
  /** What runs a file. */
  run(file: string): string[];
  cwd: string;
  env?: Record<string, string>;
  /** By the name that workloads have for them. */
  programs: Record<string, Program>;
  offer?: Offer;
  /** No more samples of edits than these are wanted: they take long, and each is all there is to it. */
  mostEdits?: number;
}

/** A program. */
export interface Program {
  file: string;
  /** Where it is, if it has a folder of its own. */
  cwd?: string;
  source: string;
  /** What it prints contains this. */
  prints: string;
  edit: Edit;
}

/** What an edit puts in the place of what, and what the program prints then. */
export interface Edit {
  from: string;
  to(number: number): string;
  prints(number: number): string;
}

/** The side of a command line, for edits and for programs that have not changed. */
export function commandSide(command: Command): Side {
  const offers: Record<string, Offer> = {};
  for (const name of Object.keys(command.programs)) {
    const few = command.mostEdits === undefined ? {} : { most: command.mostEdits, cold: true };
    offers[`edit-${name}`] = { ...command.offer, ...few };
    offers[`unchanged-${name}`] = { ...command.offer };
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
  const signal = AbortSignal.timeout(LIMIT_MS);
  const process = new Deno.Command(program!, { args, cwd, env, signal });
  const { stdout, stderr } = await process.output();
  const ms = performance.now() - before;
  const text = new TextDecoder().decode(stdout);
  if (text.includes(prints)) return ms;
  const complaint = new TextDecoder().decode(stderr).trim() || text.trim();
  throw new Error(`it does not print "${prints}": ${complaint.slice(0, 300)}`);
}

/** Writes the program, or edits it. Returns what it prints. */
function prepare(command: Command, program: Program, isEdit: boolean): string {
  const { file, cwd = command.cwd, source, prints, edit } = program;
  Deno.mkdirSync(cwd, { recursive: true });
  const path = `${cwd}/${file}`;
  if (isEdit) {
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

function readIfThere(path: string): string | undefined {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return undefined;
  }
}

const LIMIT_MS = 180_000;
