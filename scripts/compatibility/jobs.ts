/** The jobs of the compatibility tables: one for each row. */
import { ROOT } from "../common.ts";
import type { Row } from "./document.ts";
import { filesIn, programOfPyPI } from "./install.ts";
import { openProgram, type Outcome, reasonOf, tryProgram } from "./try.ts";

/** A row, and the function that finds its result. */
export interface Job extends Row {
  run(): Promise<Outcome>;
}

/** All rows, in the order of the document. */
export async function jobs(server: string): Promise<Job[]> {
  const [node, python] = await Promise.all([
    modulesOf("node", server),
    modulesOf("python", server),
  ]);
  return [...npmJobs(server), ...pypiJobs(server), ...node, ...python];
}

function npmJobs(server: string): Job[] {
  const { dependencies } = JSON.parse(Deno.readTextFileSync(`${ROOT}compat/npm/package.json`));
  return filesIn("compat/npm", ".ts").map((file) => {
    const name = file.slice(0, -".ts".length).replace("+", "/");
    const { uses, fails } = headOf(Deno.readTextFileSync(`${ROOT}compat/npm/${file}`));
    return {
      section: "npm",
      name,
      version: dependencies[name],
      uses,
      run: async () => explained(await tryProgram(`npm/${file}`, server), fails),
    };
  });
}

function pypiJobs(server: string): Job[] {
  const pins = Deno.readTextFileSync(`${ROOT}compat/pypi/requirements.txt`);
  const versions = new Map(Array.from(pins.matchAll(/^([^#\s=]+)==(\S+)/gm), ([, n, v]) => [n, v]));
  return filesIn("compat/pypi", ".py").map((file) => {
    const name = file.slice(0, -".py".length);
    const { uses, fails } = headOf(Deno.readTextFileSync(`${ROOT}compat/pypi/${file}`));
    return {
      section: "pypi",
      name,
      version: versions.get(name)!,
      uses,
      run: async () => explained(await tryProgram(programOfPyPI(file), server), fails),
    };
  });
}

interface Head {
  /** What the program does. */
  uses: string;
  /** Why it fails, if its error does not explain it. */
  fails: string | undefined;
}

/** The first comment of a program: a sentence, and optionally a second one that begins with `Fails:`. */
function headOf(text: string): Head {
  const head = text.match(/^(?:\/\*\*|""")\s*(?:\* )?([^]*?)\s*(?:\*\/|""")/)![1]!;
  const [uses, fails] = head.split(/[\s*]*\bFails: /).map((part) => part.replace(/\.$/, ""));
  return { uses: uses!, fails };
}

/** An outcome, with the program's own explanation of a failure. */
function explained(outcome: Outcome, fails: string | undefined): Outcome {
  if (fails === undefined) return outcome;
  return { reason: outcome.reason === undefined ? "passes, and says that it fails" : fails };
}

/** A program that tries one module, by its name, in each call. */
async function modulesOf(section: "node" | "python", server: string): Promise<Job[]> {
  const program = await openProgram(section === "node" ? "node.ts" : "python/main.py");
  const listed = await program.call<Record<string, string>>("modules");
  if (!listed.success) throw new Error(listed.error.message);
  return Object.entries(listed.result).map(([name, uses]) => ({
    section,
    name,
    uses,
    async run() {
      const { result, error, execution } = await program.call<string | null>("main", [
        name,
        server,
      ]);
      const reason = error?.message ?? result;
      return reason === null ? { callMs: execution.duration_ms } : { reason: reasonOf(reason) };
    },
  }));
}
