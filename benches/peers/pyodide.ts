/**
 * pyodide: CPython in V8's WebAssembly, by Node. With the argument `kept`, one interpreter serves all
 * calls, which is the usual way; otherwise each call has its own instance.
 */
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import process from "node:process";
import { type Measure, newCode, serve, timed, timedSync } from "./serve.ts";

const [peers, programs, mode] = process.argv.slice(2);
const { loadPyodide } = createRequire(`${peers}/`)("pyodide");

const HELLO = `def main(name): return f"Hello, {name}!"`;
const JINJA = readFileSync(`${programs}/jinja.py`, "utf8");

let interpreter: ReturnType<typeof loadPyodide>;
const kept = () => interpreter ??= loadPyodide();

const fresh: Record<string, Measure> = {
  "call-python": {
    note: "a fresh instance a call, that loads CPython and the program",
    most: 3,
    cold: true,
    take: (count) => timed(count, () => start(HELLO, `main("Ada")`), () => "Hello, Ada!"),
  },
  "call-jinja2": {
    note: "a fresh instance a call, that loads CPython and the program",
    most: 3,
    cold: true,
    take: (count) => timed(count, () => start(JINJA, "main()"), () => "0,1,2,"),
  },
  "code-python": {
    note: "a fresh instance each",
    most: 3,
    cold: true,
    take: (count) => {
      const all = Array.from({ length: count }, () => newCode("python"));
      return timed(
        count,
        (index) => start(all[index]!.code, "main()"),
        (index) => all[index]!.result,
      );
    },
  },
};

const note = "no isolation of one call from another: one interpreter for all of them";
const used: Record<string, Measure> = {
  "call-python": {
    note,
    take: async (count) => {
      const python = await kept();
      python.runPython(HELLO);
      return timedSync(
        count,
        () => python.runPython(`main("Ada")`),
        () => "Hello, Ada!",
      );
    },
  },
  "call-jinja2": {
    note,
    take: async (count) => {
      const python = withPackages(await kept());
      python.runPython(JINJA);
      return timedSync(count, () => python.runPython("main()"), () => "0,1,2,");
    },
  },
  "code-python": {
    note,
    take: async (count) => {
      const python = await kept();
      const all = Array.from({ length: count }, () => newCode("python"));
      const run = (index: number) => python.runPython(`${all[index]!.code}\nmain()`);
      return timedSync(count, run, (index) => all[index]!.result);
    },
  },
};

await serve(version(), mode === "kept" ? used : fresh);

async function start(program: string, code: string): Promise<unknown> {
  const python = withPackages(await loadPyodide());
  python.runPython(program);
  return python.runPython(code);
}

/** Makes the packages of the virtual environment importable, once per interpreter. */
// deno-lint-ignore no-explicit-any -- pyodide is installed for the benchmark alone, types and all
function withPackages(python: any): any {
  if (python.FS.analyzePath("/packages").exists) return python;
  const library = `${programs}/.venv/lib`;
  const version = readdirSync(library).find((name) => name.startsWith("python"));
  python.mountNodeFS("/packages", `${library}/${version}/site-packages`);
  python.runPython(`import sys; sys.path.append("/packages")`);
  return python;
}

function version(): string {
  return JSON.parse(
    readFileSync(`${peers}/node_modules/pyodide/package.json`, "utf8"),
  ).version;
}
