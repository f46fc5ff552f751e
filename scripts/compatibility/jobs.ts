/** What the compatibility table is made of: one job a row. */
import { ROOT } from "../common.ts";
import type { Row } from "./document.ts";
import { filesIn, programOfPyPI } from "./install.ts";
import { openProgram, type Outcome, reasonOf, tryProgram } from "./try.ts";

/** A row of which it is not known yet how it ends. */
export interface Job extends Row {
  run(): Promise<Outcome>;
}

/** All rows, in the order of the document. */
export async function jobs(server: string): Promise<Job[]> {
  const [node, python] = await Promise.all([modulesOf("node", server), modulesOf("python", "")]);
  return [...npmJobs(server), ...pypiJobs(server), ...node, ...python];
}

function npmJobs(server: string): Job[] {
  const { dependencies } = JSON.parse(Deno.readTextFileSync(`${ROOT}compat/npm/package.json`));
  return filesIn("compat/npm", ".ts").map((file) => {
    const name = file.slice(0, -".ts".length).replace("+", "/");
    const text = Deno.readTextFileSync(`${ROOT}compat/npm/${file}`);
    return {
      section: "npm",
      name,
      version: dependencies[name],
      uses: text.match(/^\/\*\* (.*)\. \*\//)![1]!,
      run: () => tryProgram(`npm/${file}`, server),
    };
  });
}

function pypiJobs(server: string): Job[] {
  const pins = Deno.readTextFileSync(`${ROOT}compat/pypi/requirements.txt`);
  const versions = new Map(Array.from(pins.matchAll(/^([^#\s=]+)==(\S+)/gm), ([, n, v]) => [n, v]));
  return filesIn("compat/pypi", ".py").map((file) => {
    const name = file.slice(0, -".py".length);
    const text = Deno.readTextFileSync(`${ROOT}compat/pypi/${file}`);
    return {
      section: "pypi",
      name,
      version: versions.get(name)!,
      uses: text.match(/^"""(.*)\."""/)![1]!,
      run: () => tryProgram(programOfPyPI(file), server),
    };
  });
}

/** A program that knows modules by their names: it tries one in each call. */
async function modulesOf(section: "node" | "python", server: string): Promise<Job[]> {
  const program = await openProgram(section === "node" ? "node.ts" : "python.py");
  const listed = await program.call<Record<string, string>>("modules");
  if (!listed.success) throw new Error(listed.error.message);
  return Object.entries(listed.result).map(([name, uses]) => ({
    section,
    name,
    uses,
    async run() {
      const { result, error, execution } = await program.call<string | null>("main", [name, server]);
      const reason = error?.message ?? result;
      return reason === null ? { callMs: execution.duration_ms } : { reason: reasonOf(reason) };
    },
  }));
}
