/** A command line as a side: each sample is a whole process. */
import type { Offer, Side } from "../../comparison/side.ts";

/** A command line that runs files. */
export interface Command {
  name: string;
  version?: string;
  /** The command that runs a file. */
  run(file: string): string[];
  cwd: string;
  env?: Record<string, string>;
  /** Programs by their name in the workloads. */
  programs: Record<string, Program>;
  offer?: Offer;
  /** The most samples of edits, which are slow and need no warm-up. */
  mostEdits?: number;
}

/** A program. */
export interface Program {
  file: string;
  /** Its folder, if it has its own. */
  cwd?: string;
  source: string;
  /** A part of its expected output. */
  prints: string;
  edit: Edit;
}

/** The replacement that an edit makes, and the output expected after it. */
export interface Edit {
  from: string;
  to(number: number): string;
  prints(number: number): string;
}

/** The side of a command line, for edited and for unchanged programs. */
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

/** Milliseconds of a whole process. Throws if its output lacks a text. */
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
  throw new Error(`the output does not contain "${prints}": ${complaint.slice(0, 300)}`);
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
  // Written only once, because a file with a new time is checked again.
  if (readIfThere(path) !== source) Deno.writeTextFileSync(path, source);
  return prints;
}

/** A number that no other edit has, in any process. */
let edits = Date.now() % 1e9;

function readIfThere(path: string): string | undefined {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return undefined;
  }
}

const LIMIT_MS = 180_000;
