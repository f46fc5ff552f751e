/** The command lines that are compared. */
import { ROOT } from "../../../scripts/common.ts";
import { PROGRAMS as SOURCES } from "../../packages.ts";
import type { Command, Edit } from "./command.ts";
import { hasOriginalSdk, originalFolder, PEERS } from "../install.ts";
import { PROGRAMS as ORIGINAL_SOURCES } from "./original_programs.ts";

/** The command line of Capsule, as `scripts/capsule` starts it. */
export function capsuleCommand(cache: string): Command {
  const source = (name: string) => Deno.readTextFileSync(`${SOURCES}/${name}`);
  const hello = (file: string) => ({
    file,
    source: Deno.readTextFileSync(`${ROOT}examples/${file}`),
    prints: "Hello",
    edit: HELLO,
  });
  const cli = ["run", "-A", "--quiet", "--no-config", "--no-lock", `${ROOT}dist/cli.js`];
  return {
    name: "Capsule",
    run: (file) => [Deno.execPath(), ...cli, "run", file],
    cwd: SOURCES,
    env: { CAPSULE_CACHE_DIR: cache },
    programs: {
      typescript: hello("hello.ts"),
      python: hello("hello.py"),
      zod: { file: "zod_edit.ts", source: source("zod.ts"), prints: "object", edit: ZOD },
      bs4: { file: "soup_edit.py", source: source("soup.py"), prints: "ab", edit: SOUP },
    },
  };
}

/** Deno without a sandbox: the lower bound for the command line. */
export function denoCommand(): Command {
  const source = `console.log("Hello");\n`;
  const hello = { file: "print.ts", source, prints: "Hello", edit: HELLO };
  return {
    name: "deno run",
    version: Deno.version.deno,
    run: (file) => [Deno.execPath(), "run", "--no-config", "--quiet", file],
    cwd: SOURCES,
    programs: { typescript: hello, python: hello, zod: hello, bs4: hello },
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
    programs: { python: { file: "hello.py", source, prints: "Hello", edit: HELLO } },
    offer: { note: "an interpreter of a part of Python: no imports of packages, no tasks" },
  };
}

/** The command line of the original. */
export function originalCommand(): Command {
  const program = (name: string, prints: string, edit: Edit) => ({
    file: name,
    cwd: originalFolder(`edited-${name}`),
    source: ORIGINAL_SOURCES[name]!,
    prints,
    edit,
  });
  const typescript = {
    typescript: program("hello.ts", "Hello, Ada!", HELLO),
    zod: program("zod.ts", "object", ZOD),
  };
  return {
    name: "the original",
    run: (file) => [originalPath(), "run", file],
    cwd: PEERS,
    env: { PATH: `${PEERS}/.venv/bin:${Deno.env.get("PATH")}` },
    programs: {
      ...(hasOriginalSdk() ? typescript : {}),
      python: program("hello.py", "Hello, Ada!", HELLO),
      bs4: program("soup.py", "ab", SOUP),
    },
    offer: { note: "builds a component, and compiles it for the machine" },
    mostEdits: 2,
  };
}

/** The program of the original. */
export function originalPath(): string {
  return `${PEERS}/node_modules/@capsule-run/cli-linux-x64/capsule`;
}

const greeting = (number: number) => `Hello${number}`;
const HELLO: Edit = { from: "Hello", to: greeting, prints: greeting };
const ZOD: Edit = {
  from: "Row.def.type",
  to: (number) => `Row.def.type + ${number}`,
  prints: (number) => `object${number}`,
};
const SOUP: Edit = {
  from: "<li>b",
  to: (number) => `<li>${number}`,
  prints: (number) => `a${number}`,
};
