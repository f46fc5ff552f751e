/**
 * What is kept of a program never stands for another one: a project changes by one file at a time, and after each change it
 * means the same by what is kept as by nothing.
 *
 * `CAPSULE_STEPS=2000` takes as many steps in each language.
 */
import { compile as compileSource } from "../../compiler/compile.ts";
import { fileSource } from "../../compiler/program.ts";
import { packageFolders } from "../../compiler/python/packages.ts";
import { CapsuleError } from "../../errors/error.ts";
import { open } from "../../runner.ts";
import { LoadFailure, runtime } from "../../runner/runtime.ts";
import { Random } from "../../scripts/fuzz/random.ts";
import { assertEquals, assertTrue } from "../support/assert.ts";
import { project, warmEngines } from "../support/support.ts";

await warmEngines();

const STEPS = Number(Deno.env.get("CAPSULE_STEPS") ?? 200);
/** A file system's clock is too coarse for changes in such numbers: each file gets a time of its own, long past. */
const EPOCH_S = 1_000_000_000;

/** The contents that a file may have: each is made of a word that is never used twice. */
type Files = Record<string, (word: string) => string[]>;

const value = (word: string) => [`export const v = "${word}";`];
const module = (word: string) => [`exports.v = "${word}";`];
const manifest = () => [
  `{ "name": "pk", "main": "i.js" }`,
  `{ "name": "pk", "main": "j.js" }`,
  `{ "name": "pk", "exports": { ".": "./j.js" } }`,
  `{ "name": "pk", "exports": "./i.js" }`,
];
const mapped = () => [
  `{ "imports": { "dep": "./one.ts" } }`,
  `{ "imports": { "dep": "./two.ts", "pk": "./one.ts" } }`,
  `{ "importMap": "./maps/map.json" }`,
];
const settings = () => [
  `{ "compilerOptions": { "paths": { "@x/*": ["./over/*", "./base/*"] } } }`,
  `{ "compilerOptions": { "baseUrl": "base", "paths": { "@x/*": ["./*"] } } }`,
  `{ "extends": "./cfg/base.json" }`,
  `{ "compilerOptions": { "useDefineForClassFields": false } }`,
];
const IMPORTS = ["./a", "./a.js", "./lib", "./lib/c.ts", "pk", "@x/v", "dep", "../one.ts", "./a/b"];
const TYPESCRIPT: Files = {
  "app/main.ts": () =>
    IMPORTS.flatMap((one, index) =>
      IMPORTS.slice(index + 1).map((other) =>
        `import { task } from "@capsule/sdk";
import { v as one } from "${one}";
import { v as other } from "${other}";
class Base { set kind(_: string) {} } class Kind extends Base { kind = "defined"; }
const kind = new Kind().kind ?? "assigned";
task({ name: [one, other, kind].join(" ") }, () => 1);`
      )
    ),
  ...{ "app/a.ts": value, "app/a.js": value, "app/a.tsx": value, "app/a/index.ts": value },
  ...{ "app/a/b.ts": value, "app/lib.ts": value, "app/lib/index.js": value, "app/lib/c.ts": value },
  ...{ "one.ts": value, "two.ts": value, "base/v.ts": value, "over/v.ts": value },
  ...{ "app/one.ts": value, "app/two.ts": value, "app/base/v.ts": value, "app/over/v.ts": value },
  ...{ "node_modules/pk/package.json": manifest, "node_modules/pk/i.js": module },
  ...{ "node_modules/pk/j.js": module, "node_modules/dep/index.js": module },
  ...{ "app/node_modules/pk/package.json": manifest, "app/node_modules/pk/i.js": module },
  ...{
    "app/node_modules/pk/j.js": module,
    "app/package.json": () => [`{ "type": "module" }`, "{}"],
  },
  ...{ "deno.json": mapped, "app/deno.json": mapped, "tsconfig.json": settings },
  "maps/map.json": () => [
    `{ "imports": { "dep": "../one.ts" } }`,
    `{ "imports": { "dep": "../two.ts" } }`,
  ],
  "app/tsconfig.json": settings,
  "cfg/base.json": () => [
    `{ "compilerOptions": { "useDefineForClassFields": false } }`,
    `{ "compilerOptions": { "useDefineForClassFields": true } }`,
  ],
};

const SITE = ".venv/lib/python3.11/site-packages";
const assigned = (word: string) => [`v = "${word}"`];
const reading = (word: string) => [
  `v = "${word}"`,
  `import pathlib
try: v = (pathlib.Path(__file__).parent / "data.txt").read_text()
except OSError: v = "no data"`,
  `try: from .sub import v
except ImportError: v = "no sub"`,
];
const MODULES = ["a", "a.b", "lib", "pk", "pk.sub", "other"];
const PYTHON: Files = {
  "app/main.py": () =>
    MODULES.flatMap((one, index) =>
      MODULES.slice(index + 1).map((other) =>
        `from capsule import task
try: from ${one} import v as one
except ImportError: one = "none"
try: from ${other} import v as other
except ImportError: other = "none"
@task(name=f"{one} {other}")
def made(): return 1`
      )
    ),
  ...{ "app/a.py": assigned, "app/a/__init__.py": reading, "app/a/b.py": assigned },
  ...{ "app/a/sub.py": assigned, "app/lib/b.py": assigned, "app/lib.py": assigned },
  ...{ "app/pk.py": assigned, "app/other.py": assigned, "app/a/data.txt": (word) => [word] },
  ...{ ".venv/pyvenv.cfg": () => ["home = /usr/bin"], "app/.venv/pyvenv.cfg": () => ["home = /"] },
  ...Object.fromEntries([SITE, `app/${SITE}`].flatMap((site) => [
    [`${site}/pk/__init__.py`, reading],
    [`${site}/pk/sub.py`, assigned],
    [`${site}/pk/data.txt`, (word: string) => [word]],
    [`${site}/pk.py`, assigned],
    [`${site}/other.py`, assigned],
    [`${site}/lib/__init__.py`, assigned],
  ])),
};

const PROJECTS = {
  typescript: ["app/main.ts", TYPESCRIPT],
  python: ["app/main.py", PYTHON],
} as const;

for (const [language, [main, files]] of Object.entries(PROJECTS)) {
  Deno.test(`${language}: after any change of one file, a program is what it would be anew`, async () => {
    using folder = project({ "capsule.toml": "" });
    const random = new Random(Number(Deno.env.get("CAPSULE_SEED") ?? 21));
    const change = changer(folder.path, files, random);
    // Most of them, so that most programs can be compiled.
    for (const path of Object.keys(files)) if (random.below(4) > 0) change(path, "write");
    const source = { file: `${folder.path}/${main}`, root: folder.path };
    const seen = { kept: 0, works: 0, meanings: new Set<string>() };
    for (let step = 0; step < STEPS; step++) {
      const path = random.below(4) === 0 ? main : random.of(Object.keys(files));
      const done = change(path, path === main || random.below(3) > 0 ? "write" : "remove");
      const expected = await anew(source);
      for (let times = 0; times < 2; times++) {
        let isCompiled = false;
        const actual = await kept(source.file, () => isCompiled = true);
        assertEquals(actual, expected, `step ${step}, ${times}: ${done}`);
        if (!isCompiled) seen.kept++;
      }
      if (!expected.startsWith("failed: ")) seen.works++;
      seen.meanings.add(expected);
    }
    const told = `${seen.kept} kept, ${seen.works} worked, ${seen.meanings.size} meanings`;
    assertTrue(seen.kept > STEPS / 4 && seen.works > STEPS / 5, told);
    assertTrue(seen.meanings.size > STEPS / 10, told);
    if (STEPS > 200) console.log(`${language}: ${STEPS} steps, ${told}`);
  });
}

/** Changes files of a folder, and says how. */
function changer(
  folder: string,
  files: Files,
  random: Random,
): (path: string, how: "write" | "remove") => string {
  let words = 0;
  return (path, how) => {
    const file = `${folder}/${path}`;
    const above = file.slice(0, file.lastIndexOf("/"));
    const word = `w${++words}`;
    if (how === "write") {
      Deno.mkdirSync(above, { recursive: true });
      Deno.writeTextFileSync(file, random.of(files[path]!(word)));
      Deno.utimeSync(file, EPOCH_S + words, EPOCH_S + words);
    } else {
      if (!Array.from(entriesOf(above)).includes(path.split("/").at(-1)!)) return "nothing";
      Deno.removeSync(file);
      // A folder that has nothing in it goes with its last file: it is a namespace in Python.
      if (random.below(2) === 0 && entriesOf(above).length === 0) Deno.removeSync(above);
    }
    for (let at = above; at.startsWith(folder); at = at.slice(0, at.lastIndexOf("/"))) {
      if (entriesOf(at).length > 0) Deno.utimeSync(at, EPOCH_S + words, EPOCH_S + words);
    }
    return `${how} ${path} (${word})`;
  };
}

function entriesOf(folder: string): string[] {
  try {
    return Array.from(Deno.readDirSync(folder), ({ name }) => name);
  } catch {
    return [];
  }
}

/** What the program is by all that is kept. */
async function kept(file: string, onCompile: () => void): Promise<string> {
  try {
    using program = await open({
      file,
      onEvent: ({ type }) => type === "program_compiling" && onCompile(),
    });
    // The engine makes a script of Python a task of its own.
    return program.tasks.filter((name) => name !== "main").join();
  } catch (error) {
    return failed(error);
  }
}

/** What it is by nothing that is kept: neither a bundle nor an image. */
async function anew({ file, root }: { file: string; root: string }): Promise<string> {
  try {
    const source = fileSource(file, { root });
    const { program } = await compileSource(source);
    const packages = source.language === "python"
      ? packageFolders(source, { cwd: Deno.cwd(), environment: undefined })
      : [];
    const { language, files, sourceMap } = program;
    const loaded = await runtime(language).load({ language, files, sourceMap, packages }, () => {});
    runtime().unload(loaded.id);
    const { tasks } = JSON.parse(loaded.declarations) as { tasks: { name: string }[] };
    return tasks.map(({ name }) => name).join();
  } catch (error) {
    return failed(error);
  }
}

function failed(error: unknown): string {
  if (error instanceof LoadFailure) return `failed: ${error.failure.message.split("\n")[0]}`;
  if (!(error instanceof CapsuleError)) throw error;
  const message = error.message.replace(/^Cannot load "[^"]*": /, "");
  return `failed: ${message.split("\n")[0]}`;
}
