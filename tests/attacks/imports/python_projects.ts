/** Random Python projects of strangers: modules, packages, environments, and links between all of them. */

import { Random } from "../../../scripts/fuzz/random.ts";

/** In every file that is not the program's. */
export const SECRET = "hunter2";

const NAMES = ["a", "b", "c", "pkg", "lib", "µ", "_x", "é", "json", "capsule", "names", "settings"];
const ODD_NAMES = [
  "with space",
  "new\nline",
  "-rf",
  "..py",
  "a.b",
  "x".repeat(200),
  "\u202e",
  "'",
  "$HOME",
];
const SITE = ".venv/lib/python3.12/site-packages";
const PLACES = ["", "", "", "pkg/", "lib/", "pkg/lib/", "c/", `${SITE}/`, `${SITE}/pkg/`];

/** Makes a project: `home` is the user's own, `repo` the stranger's, `repo/src` the program's folder. */
export function makeProject(folder: string, seed: number): void {
  const random = new Random(seed);
  const { home, own } = { home: `${folder}/home`, own: `${folder}/repo/src` };
  for (const path of ["", "deep/", ".ssh/", SITE.slice(6) + "/"]) {
    for (const name of ["settings.py", "__init__.py", "a.py", ".bashrc", "id_rsa"]) {
      write(`${home}/${path}${name}`, `PASSWORD = "${SECRET}"\nimport ${random.of(NAMES)}\n`);
    }
  }
  write(`${home}/pyvenv.cfg`, "");
  write(`${folder}/repo/above.py`, `PASSWORD = "${SECRET}"`);
  for (let left = 6 + random.below(20); left > 0; left--) makeEntry(random, folder, own);
  if (isChosen(random, 60)) makeEnvironment(random, folder, own);
  write(`${own}/main.py`, sourceOf(random, 12));
}

function makeEntry(random: Random, folder: string, own: string): void {
  const place = `${own}/${random.of(PLACES)}`;
  const name = isChosen(random, 85) ? random.of(NAMES) : random.of(ODD_NAMES);
  const file = isChosen(random, 25) ? `${place}__init__.py` : `${place}${name}.py`;
  switch (random.below(9)) {
    case 0:
      return link(random.of(targets(folder, own)), isChosen(random, 50) ? file : `${place}${name}`);
    case 1:
      return link(random.of(targets(folder, own)), file);
    case 2:
      return link(random.of(["a.py", "b.py", ".", "..", name, `${name}.py`]), file);
    case 3:
      return isChosen(random, 20) ? pipe(file) : sparse(file);
    case 4:
      return makeFolder(isChosen(random, 50) ? file : `${place}${name}`);
    default:
      return write(file, sourceOf(random, 4));
  }
}

function makeEnvironment(random: Random, folder: string, own: string): void {
  const venv = `${own}/.venv`;
  if (isChosen(random, 15)) return link(random.of(targets(folder, own)), venv);
  write(`${venv}/pyvenv.cfg`, "");
  const site = `${own}/${SITE}`;
  const parent = site.slice(0, site.lastIndexOf("/"));
  if (isChosen(random, 25)) {
    makeFolder(parent);
    return link(random.of(targets(folder, own)), site);
  }
  if (isChosen(random, 10)) return link(random.of(targets(folder, own)), parent);
  write(`${site}/a.py`, sourceOf(random, 2));
  if (isChosen(random, 20)) return link(random.of(targets(folder, own)), `${site}/x.pth`);
  const lines = [...targets(folder, own), "..", "#", "import os", "\0", "x".repeat(5000)];
  write(`${site}/x.pth`, Array.from({ length: 5 }, () => random.of(lines)).join("\n"));
}

/** What links and lines of `.pth` files lead to. */
function targets(folder: string, own: string): string[] {
  const home = `${folder}/home`;
  return [
    ...[home, `${home}/deep`, `${home}/settings.py`, `${home}/.bashrc`, `${home}/.ssh/id_rsa`],
    ...["../../home", "../../../home/deep", "../../../../../../home", "..", "../..", "../above.py"],
    ...[
      own,
      `${own}/pkg`,
      `${own}/a.py`,
      "pkg",
      "lib",
      ".",
      "a.py",
      "missing",
      "/",
      "/etc",
      "/etc/passwd",
    ],
    ...["/dev/zero", "/dev/null", "/proc/self/environ", "/proc/self/root", "/proc/self/cwd"],
  ];
}

/** A module that imports at random. */
function sourceOf(random: Random, statements: number): string {
  const name = () => random.of(NAMES);
  const kinds = [
    () => `import ${name()}`,
    () => `import ${name()}.${name()} as x, ${name()}`,
    () => `from ${name()} import ${name()}, ${name()}`,
    () => `from ${".".repeat(1 + random.below(4))} import ${name()}`,
    () => `from ${".".repeat(1 + random.below(3))}${name()} import (${name()}, ${name()})`,
    () => `from ${name()}.${name()}.${name()} import *`,
    () => `def f():\n    import ${name()}`,
    () => `import above, settings`,
  ];
  return Array.from({ length: 1 + random.below(statements) }, () => random.of(kinds)()).join(
    "\n",
  ) + "\n";
}

function makeFolder(path: string): void {
  attempt(path, () => Deno.mkdirSync(path));
}

function isChosen(random: Random, percent: number): boolean {
  return random.below(100) < percent;
}

function write(path: string, text: string): void {
  attempt(path, () => Deno.writeTextFileSync(path, text, { createNew: true }));
}

function link(target: string, path: string): void {
  attempt(path, () => Deno.symlinkSync(target, path));
}

function pipe(path: string): void {
  attempt(path, () => new Deno.Command("mkfifo", { args: [path], stderr: "null" }).outputSync());
}

function sparse(path: string): void {
  attempt(path, () => {
    using file = Deno.openSync(path, { createNew: true, write: true });
    file.truncateSync(2 ** 40);
  });
}

/**
 * Makes an entry and the folders above it. What cannot be made, as another entry is in its way, is left out: nothing is
 * made through a link, which may lead anywhere on this machine.
 */
function attempt(path: string, make: () => void): void {
  if (!path.startsWith("/") || `${path}/`.includes("/../")) throw new Error(`not a place: ${path}`);
  const names = path.split("/").slice(1, -1);
  try {
    for (let count = 1; count <= names.length; count++) {
      const above = `/${names.slice(0, count).join("/")}`;
      if (!isThere(above)) Deno.mkdirSync(above);
      else if (!Deno.lstatSync(above).isDirectory) return;
    }
    if (!isThere(path)) make();
  } catch (error) {
    if (!(error instanceof Error) || !(error.name in Deno.errors || "code" in error)) throw error;
  }
}

function isThere(path: string): boolean {
  try {
    return Deno.lstatSync(path) !== undefined;
  } catch {
    return false;
  }
}
