import { assertEquals, assertRejects } from "../support/assert.ts";
import { compileCached } from "../support/compile.ts";
import { CapsuleError } from "../../errors/error.ts";
import { CACHE, project } from "../support/support.ts";

/** Whether a compilation starts esbuild: its bundle is new then. */
async function compiled(path: string, file: string): Promise<string> {
  const program = await compileCached({ file: `${path}/${file}`, root: path });
  return new TextDecoder().decode(program.files[0]!.data);
}

function components(path: string): string[] {
  return Array.from(Deno.readDirSync(`${path}/.capsule/wasm`), ({ name }) => name).sort();
}

/** What was written just now is not kept, in case it is written once more at the same moment. */
function settle(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 40));
}

Deno.test("an unchanged program is read from its component", async () => {
  using folder = project({
    "main.ts": `import { x } from "./x.ts"; globalThis.y = x;`,
    "x.ts": `export const x = "first";`,
  });
  await settle();
  const first = await compiled(folder.path, "main.ts");
  const [name] = components(folder.path);
  assertEquals(/^main_[0-9a-f]{16}\.wasm$/.test(name!), true, name!);
  assertEquals(folder.read(".capsule/.gitignore"), "*\n");
  assertEquals(await compiled(folder.path, "main.ts"), first);
  assertEquals(components(folder.path), [name]);

  folder.write("x.ts", `export const x = "second";`);
  await settle();
  assertEquals((await compiled(folder.path, "main.ts")).includes("second"), true);
  // The one of the earlier text is gone.
  assertEquals(components(folder.path).includes(name!), false);
  assertEquals(components(folder.path).length, 1);

  folder.write("x.ts", `export const x = "first";`);
  assertEquals(await compiled(folder.path, "main.ts"), first);
});

Deno.test("a component that somebody else wrote is not used", async () => {
  using folder = project({ "main.ts": `globalThis.y = "mine";` });
  await settle();
  const first = await compiled(folder.path, "main.ts");
  const [name] = components(folder.path);
  const component = Deno.readFileSync(`${folder.path}/.capsule/wasm/${name}`);
  const changed = new TextDecoder("latin1").decode(component).replace("mine", "evil");
  folder.write(`.capsule/wasm/${name}`, Uint8Array.from(changed, (c) => c.charCodeAt(0)));
  assertEquals(await compiled(folder.path, "main.ts"), first);
});

Deno.test("a new file that would be found first makes the program new", async () => {
  using folder = project({ "main.py": "import json" });
  await settle();
  const source = { file: `${folder.path}/main.py`, root: folder.path };
  assertEquals((await compileCached(source)).files.length, 1);
  folder.write("json.py", "x = 1");
  assertEquals((await compileCached(source)).files.length, 2);
});

Deno.test("a pipe in place of an input or a bundle does not block", async () => {
  using folder = project({ "main.ts": `globalThis.y = 1;`, "tsconfig.json": "{}" });
  await settle();
  const first = await compiled(folder.path, "main.ts");
  const [name] = components(folder.path);
  const pipe = (path: string) => {
    Deno.removeSync(`${folder.path}/${path}`);
    new Deno.Command("mkfifo", { args: [`${folder.path}/${path}`] }).outputSync();
  };
  pipe(`.capsule/wasm/${name}`);
  assertEquals(await compiled(folder.path, "main.ts"), first);
  pipe("tsconfig.json");
  await assertRejects(() => compiled(folder.path, "main.ts"), CapsuleError, "tsconfig.json");
  Deno.removeSync(`${folder.path}/tsconfig.json`);
  Deno.symlinkSync("tsconfig.json", `${folder.path}/tsconfig.json`);
  assertEquals(await compiled(folder.path, "main.ts"), first);
});

Deno.test("a broken index and a read-only project do not fail a run", async () => {
  using folder = project({ "main.ts": `globalThis.y = "mine";`, ".capsule": "a file, no folder" });
  await settle();
  assertEquals((await compiled(folder.path, "main.ts")).includes("mine"), true);

  using other = project({ "main.ts": `globalThis.y = "mine";` });
  await settle();
  await compiled(other.path, "main.ts");
  for (const { name } of Deno.readDirSync(`${CACHE}/programs`)) {
    Deno.writeTextFileSync(`${CACHE}/programs/${name}`, "{");
  }
  assertEquals((await compiled(other.path, "main.ts")).includes("mine"), true);
});

Deno.test("a new file that an import would mean from then on makes the program new", async () => {
  using folder = project({
    "src/main.ts": `import { x } from "./x"; globalThis.y = x;`,
    "src/x.js": `export const x = "first";`,
  });
  await settle();
  assertEquals((await compiled(folder.path, "src/main.ts")).includes("first"), true);
  folder.write("src/x.ts", `export const x = "second";`);
  assertEquals((await compiled(folder.path, "src/main.ts")).includes("second"), true);
});

Deno.test("a .capsule that leads elsewhere is not written to", async () => {
  using elsewhere = project();
  using folder = project({ "main.ts": `globalThis.y = 1;` });
  Deno.symlinkSync(elsewhere.path, `${folder.path}/.capsule`);
  await settle();
  await compiled(folder.path, "main.ts");
  assertEquals([...Deno.readDirSync(elsewhere.path)], []);
});

const OLD_AND_NEW = {
  "main.ts": `import { x } from "dep"; globalThis.y = x;`,
  "old.ts": `export const x = "old";`,
  "new.ts": `export const x = "new";`,
};

const CHANGES: Record<
  string,
  [Record<string, string>, (folder: ReturnType<typeof project>) => void]
> = {
  "an import map in a file of its own": [
    {
      "deno.json": `{"importMap": "maps/map.json"}`,
      "maps/map.json": `{"imports":{"dep":"../old.ts"}}`,
    },
    (folder) => folder.write("maps/map.json", `{"imports":{"dep":"../new.ts"}}`),
  ],
  "what tsconfig.json extends": [
    {
      "tsconfig.json": `{"extends": "./a/base.json"}`,
      "a/base.json": `{"extends": "./more.json"}`,
      "a/more.json": `{"compilerOptions": {"paths": {"dep": ["../old.ts"]}}}`,
    },
    (folder) => folder.write("a/more.json", `{"compilerOptions":{"paths":{"dep":["../new.ts"]}}}`),
  ],
  "a nearer path of tsconfig.json": [
    {
      "tsconfig.json": `{"compilerOptions": {"paths": {"*": ["./over/*", "./base/*"]}}}`,
      "base/dep.ts": `export const x = "old";`,
    },
    (folder) => folder.write("over/dep.ts", `export const x = "new";`),
  ],
  "imports of package.json": [
    {
      "main.ts": `import { x } from "#dep"; globalThis.y = x;`,
      "package.json": `{"imports": {"#dep": "./old.ts"}}`,
    },
    (folder) => folder.write("package.json", `{"imports": {"#dep": "./new.ts"}}`),
  ],
  "a deno.json that comes": [
    { "node_modules/dep/index.js": `export const x = "old";` },
    (folder) => folder.write("deno.json", `{"imports": {"dep": "./new.ts"}}`),
  ],
  "a package.json of a package": [
    {
      "node_modules/dep/package.json": `{"main": "a.js"}`,
      "node_modules/dep/a.js": `export const x = "old";`,
      "node_modules/dep/b.js": `export const x = "new";`,
    },
    (folder) => folder.write("node_modules/dep/package.json", `{"main": "b.js"}`),
  ],
  "a link": [
    {
      "main.ts": `import { x } from "./link.ts"; globalThis.y = x;`,
      "link.ts": `export * from "./old.ts";`,
    },
    (folder) => {
      Deno.removeSync(`${folder.path}/link.ts`);
      Deno.symlinkSync("new.ts", `${folder.path}/link.ts`);
    },
  ],
  "a link that leads elsewhere": [
    { "main.ts": `import "./link.ts"; import { x } from "./link.ts"; globalThis.y = x;` },
    (folder) => {
      Deno.removeSync(`${folder.path}/link.ts`);
      Deno.symlinkSync("new.ts", `${folder.path}/link.ts`);
    },
  ],
  "a file that fits an import of which a part is known": [
    {
      "main.ts": `globalThis.y = (n) => import("./parts/" + n);`,
      "parts/a.ts": `export const x = "old";`,
    },
    (folder) => folder.write("parts/b.ts", `export const x = "new";`),
  ],
};

for (const [what, [files, change]] of Object.entries(CHANGES)) {
  Deno.test(`${what} makes the program new`, async () => {
    const link = what === "a link that leads elsewhere";
    const all = { ...OLD_AND_NEW, ...files };
    using folder = project(all);
    if (link) Deno.symlinkSync("old.ts", `${folder.path}/link.ts`);
    await settle();
    const before = await compiled(folder.path, "main.ts");
    assertEquals([before.includes('"old"'), before.includes('"new"')], [true, false]);
    change(folder);
    await settle();
    assertEquals((await compiled(folder.path, "main.ts")).includes('"new"'), true);
  });
}
