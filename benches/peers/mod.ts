/** The sides of the comparison. */
import { ROOT } from "../../scripts/common.ts";
import { PROGRAMS } from "../packages.ts";
import { type Side, startProcess } from "../comparison/side.ts";
import { commandSide } from "./commands/command.ts";
import {
  capsuleCommand,
  denoCommand,
  montyCommand,
  originalCommand,
  originalPath,
} from "./commands/commands.ts";
import { firstRunSide } from "./commands/first_run.ts";
import { exists, nodePath, ORIGINAL, originalFolder, PEERS } from "./install.ts";
import { PROGRAMS as ORIGINAL_SOURCES } from "./commands/original_programs.ts";

/** How a side is started. Several sides can have the same name if they measure different workloads. */
export interface Peer {
  name: string;
  /** The workloads to use it for, if not for all that it can measure. */
  only?: RegExp;
  start(): Promise<Side>;
}

/** What isolates a call of each side, for the table. */
export const ISOLATION: Record<string, string> = {
  "Capsule": "a WebAssembly sandbox of its own for each call, with limits of fuel, memory and time",
  "Capsule on one core": "the same, its process pinned to one processor",
  "the original":
    "a WebAssembly instance for each call: StarlingMonkey or CPython is part of each program",
  "isolated-vm":
    "a V8 isolate for each call, in the process: machine code by a compiler at run time",
  "quickjs-emscripten":
    "a QuickJS runtime for each call; all runtimes share one WebAssembly memory of V8",
  "pyodide": "none between calls: CPython in V8's WebAssembly, one interpreter for all",
  "pyodide, fresh": "CPython in V8's WebAssembly, an instance for each call",
  "monty": "a session for each call of an interpreter in Rust, in a kept process: a part of Python",
  "deno run": "none: Deno itself with a file that prints one line, as a yardstick for processes",
};

/** Capsule's cache, separate from the user's. */
const CACHE = `${ROOT}build/bench-cache`;

/** All sides, or only the fast ones. */
export function peers({ withSlow }: { withSlow: boolean }): Peer[] {
  Deno.mkdirSync(CACHE, { recursive: true, mode: 0o700 });
  const capsule = [
    Deno.execPath(),
    "run",
    "-A",
    `--config=${ROOT}deno.json`,
    file("capsule.ts"),
  ];
  const env = { CAPSULE_CACHE_DIR: CACHE };
  const node = (name: string, script: string, ...args: string[]) =>
    process({
      name,
      command: [nodePath(), file(script), PEERS, PROGRAMS, ...args],
    });
  const python = `${PEERS}/.venv/bin/python`;
  return [
    process({ name: "Capsule", command: capsule, env }),
    ...(Deno.build.os !== "linux" ? [] : [{
      ...process({ name: "Capsule on one core", command: ["taskset", "-c", "0", ...capsule], env }),
      only: /^cores-/,
    }]),
    command("Capsule", () => commandSide(capsuleCommand(CACHE))),
    command("Capsule", () => firstRunSide()),
    ...(withSlow && exists(originalPath()) ? original(python) : []),
    node("isolated-vm", "isolated_vm.ts"),
    node("quickjs-emscripten", "quickjs.ts"),
    node("pyodide", "pyodide.ts", "kept"),
    ...(withSlow ? [node("pyodide, fresh", "pyodide.ts", "fresh")] : []),
    process({ name: "monty", command: [python, file("monty.py")] }),
    command("monty", () => commandSide(montyCommand())),
    command("deno run", () => commandSide(denoCommand())),
  ];
}

function original(python: string): Peer[] {
  for (const [name, source] of Object.entries(ORIGINAL_SOURCES)) {
    Deno.mkdirSync(originalFolder(name), { recursive: true });
    Deno.writeTextFileSync(`${originalFolder(name)}/${name}`, source);
  }
  const path = `${PEERS}/.venv/bin:${Deno.env.get("PATH")}`;
  return [
    process({
      name: "the original",
      command: [python, file("original.py"), ORIGINAL, originalPath()],
      env: { PATH: path },
    }),
    command("the original", () => commandSide(originalCommand())),
  ];
}

function process(options: Parameters<typeof startProcess>[0]): Peer {
  return { name: options.name, start: () => startProcess(options) };
}

function command(name: string, make: () => Side): Peer {
  return { name, start: () => Promise.resolve(make()) };
}

function file(name: string): string {
  return `${ROOT}benches/peers/${name}`;
}
