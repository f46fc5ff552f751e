/** The invariants of ARCHITECTURE.md that imports and names can show. */
import { assertEquals } from "../support/assert.ts";
import { ENTRIES, FFI_FILES, ROOMS } from "../../scripts/common.ts";
import { foreignImplementations, rustImports } from "./rust_imports.ts";
import { ROOT } from "../support/support.ts";
import { VERSION } from "../../version.ts";

const SOURCES = [...ENTRIES, ...FFI_FILES, ...ROOMS.flatMap((room) => [...walk(room)])]
  .filter((file) => file.endsWith(".ts"));

function read(file: string): string {
  return Deno.readTextFileSync(ROOT + file);
}

/** The files that contain the text, apart from those that may. */
function trespassers(pattern: RegExp, allowed: (file: string) => boolean): string[] {
  return SOURCES.filter((file) => !allowed(file) && pattern.test(read(file)));
}

Deno.test("only the platform and the native binding know Deno", () => {
  const allowed = (file: string) => /^(?:platform|ffi)\//.test(file);
  assertEquals(trespassers(/\bDeno\.\w|from "node:/, allowed), []);
});

Deno.test("only ffi/deno.ts and ffi/node.ts touch pointers", () => {
  const allowed = (file: string) => file === "ffi/deno.ts" || file === "ffi/node.ts";
  assertEquals(trespassers(/UnsafePointer|dlopen|koffi\.load\((?!null\))|memcpy/, allowed), []);
});

Deno.test("a file for Node is imported where Deno is not, and nowhere else", () => {
  const pattern = /(?<!"Deno" in globalThis[^;]*)import\("[^"]*node\.ts"\)|from "[^"]*\/node\.ts"/;
  assertEquals(trespassers(pattern, () => false), []);
});

Deno.test("only cli.ts exits", () => {
  const allowed = ["cli.ts", "platform/deno.ts", "platform/node.ts"];
  assertEquals(trespassers(/\.exit\(/, (file) => allowed.includes(file)), []);
});

/** Each room imports only rooms that stand before it, and itself. */
const FLOORS = [
  ...["errors", "platform", "protocol", "sdk", "ffi", "cache", "install", "compiler", "runner"],
  ...["telemetry", "worker", "cli"],
];
/** What the lowest rooms may import. */
const GROUND: Record<string, string[]> = {
  errors: [],
  platform: [],
  protocol: ["errors"],
  sdk: [],
  ffi: ["errors", "platform"],
  cache: ["errors", "ffi", "platform"],
  telemetry: ["cache", "errors", "ffi", "install", "platform", "runner"],
};

Deno.test("each room imports only what lies below it", () => {
  const wrong = SOURCES.flatMap((file) => {
    const room = roomOf(file);
    if (room === undefined) return [];
    const allowed = GROUND[room] ?? FLOORS.slice(0, FLOORS.indexOf(room));
    return importsOf(file).map(roomOf)
      .filter((other) => other !== undefined && other !== room && !allowed.includes(other))
      .map((other) => `${file} imports ${other}`);
  });
  assertEquals(wrong, []);
});

Deno.test("no files import each other in a circle", () => {
  const folders = ["engines/javascript", "engines/python", "python/src", "benches"];
  const files = [...SOURCES, ...folders.flatMap((folder) => [...walk(folder)])]
    .filter((file) => /\.(?:ts|py)$/.test(file));
  assertEquals(circles(new Map(files.map((file) => [file, importsOf(file)]))), []);
});

const CRATES = ["ffi/native/src", "engines/merge/src"];

Deno.test("no files of Rust use each other in a circle", () => {
  for (const root of CRATES) assertEquals(circles(rustImports([...walk(root)], root)), []);
});

Deno.test("methods stand in the file of their type, so that imports show what needs what", () => {
  const files = CRATES.flatMap((root) => [...walk(root)]).filter((file) => file.endsWith(".rs"));
  const foreign = files.map((file) => [file, foreignImplementations(file)] as const);
  assertEquals(foreign.filter(([, types]) => types.length > 0), []);
});

/** The folders of the crate from the bottom up: each uses only those before it, and itself. */
const RUST_FLOORS = [
  ...["cache", "values", "machine", "events", "image", "memory", "files", "fixed", "network"],
  ...["policy", "host", "engine", "sandbox", "program", "scheduler", "runtime", "database", "abi"],
];

Deno.test("each folder of the crate uses only what lies below it", () => {
  const root = CRATES[0]!;
  const floor = (file: string) => {
    const name = file.slice(root.length + 1).split("/")[0]!.replace(/\.rs$/, "");
    return name === "lib" ? RUST_FLOORS.length : RUST_FLOORS.indexOf(name);
  };
  const imports = rustImports([...walk(root)], root);
  assertEquals([...imports.keys()].filter((file) => floor(file) < 0), []);
  const wrong = Array.from(imports).flatMap(([file, used]) =>
    [...used].filter((other) => floor(other) > floor(file)).map((other) => `${file} uses ${other}`)
  );
  assertEquals(wrong, []);
});

Deno.test("rustImports() follows re-exports, modules and children to the file of an item", () => {
  const root = CRATES[0]!;
  const imports = rustImports([...walk(root)], root);
  const uses = (file: string, other: string) =>
    imports.get(`${root}/${file}`)!.has(`${root}/${other}`);
  assertEquals(uses("scheduler/attempts.rs", "host/operations/table.rs"), true);
  assertEquals(uses("runtime/mod.rs", "scheduler/execute.rs"), true);
  assertEquals(uses("sandbox/mod.rs", "sandbox/outcome.rs"), true);
  assertEquals(uses("host/link/imports.rs", "host/link/random.rs"), true);
  assertEquals(uses("sandbox/mod.rs", "scheduler/execute.rs"), false);
});

Deno.test("circles() finds the way around", () => {
  const imports = new Map([["a.rs", ["b.rs"]], ["b.rs", ["c.rs"]], ["c.rs", ["b.rs"]]]);
  assertEquals(circles(imports), ["b.rs → c.rs → b.rs"]);
});

/** Circles among files, each as the way around. */
function circles(imports: Map<string, Iterable<string>>): string[] {
  const done = new Set<string>();
  const found: string[] = [];
  const visit = (file: string, above: string[]) => {
    if (above.includes(file)) found.push([...above.slice(above.indexOf(file)), file].join(" → "));
    else if (!done.has(file)) {
      for (const other of imports.get(file) ?? []) visit(other, [...above, file]);
      done.add(file);
    }
  };
  for (const file of imports.keys()) visit(file, []);
  return found;
}

/** The first folder of a file, if it is a room. */
function roomOf(file: string): string | undefined {
  return FLOORS.find((room) => file.startsWith(`${room}/`));
}

/** The files of this repository that a file imports, also late ones and types alone. */
function importsOf(file: string): string[] {
  if (file.endsWith(".py")) return pythonImportsOf(file);
  const source = read(file).replaceAll(/\/\*[^]*?\*\//g, "");
  const found = source.matchAll(/(?:from|import)\s*\(?\s*"(\.{1,2}\/[^"]*\.ts)"/g);
  return Array.from(found, ([, path]) => new URL(path!, `file:///${file}`).pathname.slice(1));
}

const PYTHON_ROOTS = ["engines/python", "python/src"];

/** The same for Python. A module is one of the names that are imported, or the one that they are imported from. */
function pythonImportsOf(file: string): string[] {
  const root = PYTHON_ROOTS.find((root) => file.startsWith(`${root}/`));
  if (root === undefined) return [];
  const found = read(file).matchAll(/^ *from (\.*)([\w.]*) import (?:\(([^)]*)\)|(.*))$/gm);
  return Array.from(found).flatMap(([, dots, module, several, one]) => {
    const above = dots === "" ? root : file.split("/").slice(0, -dots!.length).join("/");
    const from = module === "" ? above : `${above}/${module!.replaceAll(".", "/")}`;
    const names = (several ?? one)!.split(",").map((name) => name.trim().split(" ")[0]);
    const modules = names.map((name) => `${from}/${name}.py`).filter(exists);
    return modules.length > 0 ? modules : [`${from}.py`].filter(exists);
  });
}

function exists(file: string): boolean {
  try {
    return Deno.statSync(ROOT + file).isFile;
  } catch {
    return false;
  }
}

Deno.test("Rust reads no environment, no current folder and no configuration", () => {
  const folder = "ffi/native/src";
  const files = [...walk(folder)];
  const offending = files.filter((file) => {
    const source = read(file).split("#[cfg(test)]")[0]!;
    return /env::(var|current_dir|args)|capsule\.toml/.test(source);
  });
  assertEquals(offending, []);
});

function* walk(folder: string): Generator<string> {
  for (const { name, isDirectory } of Deno.readDirSync(ROOT + folder)) {
    if (isDirectory) yield* walk(`${folder}/${name}`);
    else yield `${folder}/${name}`;
  }
}

Deno.test("the version is one", () => {
  for (const file of ["deno.json", "packages/cli/deno.json"]) {
    assertEquals(JSON.parse(read(file)).version, VERSION, file);
  }
  assertEquals(read("ffi/native/Cargo.toml").includes(`version = "${VERSION}"`), true);
});

/** What holds in a mind at once. */
const LINES_AT_MOST = 450;

Deno.test("no file of code is longer than one can hold in mind", () => {
  const folders = [...ROOMS, "ffi", "engines", "python/src", "benches"];
  const files = [...ENTRIES, ...folders.flatMap((folder) => [...walk(folder)])]
    .filter((file) => /\.(?:ts|rs|py)$/.test(file) && !/\btests?\b/.test(file));
  const long = files.filter((file) => read(file).split("\n").length > LINES_AT_MOST);
  assertEquals(long, []);
});

/** What one sees at a glance. */
const FILES_AT_MOST = 12;
/** Folders whose files are alike, each found by its name. */
const LISTS = {
  tests: "a test stands where its subject does",
  compat: "a program for each package",
};
Deno.test("no folder has more files of code than one sees at a glance", async () => {
  const { stdout } = await new Deno.Command("git", { args: ["ls-files"], cwd: ROOT }).output();
  const folders = new Map<string, number>();
  for (const file of new TextDecoder().decode(stdout).split("\n")) {
    const [first, ...rest] = file.split("/");
    if (first! in LISTS || rest.length === 0 || !/\.(?:[cm]?[jt]s|py|rs|c|h|sh)$/.test(file)) {
      continue;
    }
    const folder = file.slice(0, file.lastIndexOf("/"));
    folders.set(folder, (folders.get(folder) ?? 0) + 1);
  }
  const full = [...folders].filter(([, files]) => files > FILES_AT_MOST).map(([folder]) => folder);
  assertEquals(full, []);
});
