/** How programs name packages: `npm:`, `jsr:`, and the import map of deno.json. */
import { assertEquals, assertRejects, assertStringIncludes } from "../../support/assert.ts";
import { compile } from "../../support/compile.ts";
import { CapsuleError } from "../../../errors/error.ts";

import { project, runOrThrow as run } from "../../support/support.ts";

function npmPackage(name: string, version: string, folder = name): Record<string, string> {
  const exports = { ".": "./index.js", "./sub": "./sub.js" };
  return {
    [`node_modules/${folder}/package.json`]: JSON.stringify({ name, version, exports }),
    [`node_modules/${folder}/index.js`]: `export default "${name}@${version}";`,
    [`node_modules/${folder}/sub.js`]: `export default "${name}@${version}/sub";`,
  };
}

/** What the names in `imports` stand for. */
async function imported(imports: string[], files: Record<string, string>): Promise<unknown> {
  const lines = imports.map((name, index) => `import v${index} from ${JSON.stringify(name)};`);
  const values = imports.map((_, index) => `v${index}`);
  using folder = project({
    "main.ts": `import { task } from "jsr:@capsule/sdk@^1";
      ${lines.join("\n")}
      export const main = task({ name: "main" }, () => [${values}]);`,
    ...files,
  });
  const { result, error } = await run({ file: "main.ts", cwd: folder.path });
  assertEquals(error, null);
  return result;
}

Deno.test("npm: and jsr: specifiers are packages of node_modules", async () => {
  const files = {
    ...npmPackage("zod", "3.25.1"),
    ...npmPackage("@scope/tool", "1.0.0"),
    ...npmPackage("@jsr/std__path", "1.1.2"),
    ...npmPackage("@std/assert", "0.226.0"),
    "helper.ts":
      `import a from "npm:zod@^3.20"; import b from "npm:zod@3/sub"; export default a + " " + b;`,
  };
  const names = [
    ...["npm:zod", "npm:zod@3", "npm:/zod@latest", "npm:zod@3.25/sub", "npm:@scope/tool@1"],
    ...["jsr:@std/path@1", "jsr:@std/path@^1.1/sub", "jsr:@std/assert", "./helper.ts"],
  ];
  assertEquals(await imported(names, files), [
    ...["zod@3.25.1", "zod@3.25.1", "zod@3.25.1", "zod@3.25.1/sub", "@scope/tool@1.0.0"],
    ...["@jsr/std__path@1.1.2", "@jsr/std__path@1.1.2/sub", "@std/assert@0.226.0"],
    "zod@3.25.1 zod@3.25.1/sub",
  ]);
});

Deno.test("jsr: specifiers are packages that Deno has vendored", async () => {
  const meta = (path: string) => JSON.stringify({ exports: { ".": "./mod.ts", "./sub": path } });
  const names = ["jsr:@std/path@1", "jsr:@std/path@1/sub", "jsr:@std/path@1.0"];
  assertEquals(
    await imported(names, {
      "deno.json": `{"vendor": true}`,
      "vendor/jsr.io/@std/path/meta.json": "{}",
      "vendor/jsr.io/@std/path/1.0.9_meta.json": meta("./a.ts"),
      "vendor/jsr.io/@std/path/1.0.9/mod.ts": `export default "1.0.9";`,
      "vendor/jsr.io/@std/path/1.10.0_meta.json": meta("./b.ts"),
      "vendor/jsr.io/@std/path/1.10.0/mod.ts": `export { default } from "jsr:@std/inner@^2";`,
      "vendor/jsr.io/@std/path/1.10.0/b.ts": `export default "b" as string;`,
      "vendor/jsr.io/@std/inner/2.0.0_meta.json": `{"exports": {".": "./x.ts"}}`,
      "vendor/jsr.io/@std/inner/2.0.0/x.ts": `export default "inner";`,
    }),
    ["inner", "b", "1.0.9"],
  );
});

Deno.test("the import map of deno.json counts, comments and all", async () => {
  const files = {
    ...npmPackage("zod", "3.25.1"),
    "deno.jsonc": `{
      // names of this project
      "imports": { "z": "npm:zod@3", "lib/": "./src/lib/", "@/": "./src/", "one": "./src/one.ts", "$sub": "npm:zod@3/sub", },
    }`,
    "src/lib/a.ts": `export { default } from "@/one.ts";`,
    "src/one.ts": `export default 1;`,
  };
  const names = ["z", "z/sub", "$sub", "lib/a.ts", "@/lib/a.ts", "one"];
  assertEquals(await imported(names, files), [
    "zod@3.25.1",
    "zod@3.25.1/sub",
    "zod@3.25.1/sub",
    1,
    1,
    1,
  ]);
  const map = { "import_map.json": `{"imports": {"one": "./src/one.ts"}}` };
  const config = {
    "deno.json": `{"importMap": "import_map.json"}`,
    "src/one.ts": files["src/one.ts"],
  };
  assertEquals(await imported(["one"], { ...config, ...map }), [1]);
});

Deno.test("the SDK is the engine's, whatever the import map says", async () => {
  const imports = {
    "@capsule/sdk": "jsr:@capsule/sdk@^0.1.0",
    "sdk": "npm:@capsule-run/sdk@1",
    "@capsule-run/sdk": "./own.ts",
  };
  using folder = project({
    "deno.json": JSON.stringify({ imports }),
    "own.ts": "export const task = 1;",
    "main.ts": `import { task } from "@capsule/sdk"; import { task as a } from "sdk";
      import { task as b } from "@capsule-run/sdk"; import { task as c } from "jsr:@capsule/sdk@^9";
      export const main = task({ name: "main" }, () => a === task && b === task && c === task);`,
  });
  assertEquals((await run({ file: "main.ts", cwd: folder.path })).result, true);
});

Deno.test("a program of a workspace has the import map of both deno.json", async () => {
  using folder = project({
    "deno.json": `{"workspace": ["./a"], "imports": {"one": "./one.ts", "two": "./one.ts"}}`,
    "one.ts": `export default "one";`,
    "a/deno.json": `{"imports": {"two": "./two.ts"}}`,
    "a/two.ts": `export default "two";`,
    "a/main.ts":
      `import { task } from "npm:@capsule/sdk"; import one from "one"; import two from "two";
      export const main = task({ name: "main" }, () => [one, two]);`,
  });
  const { result } = await run({ file: "a/main.ts", cwd: folder.path });
  assertEquals(result, ["one", "two"]);
});

Deno.test("a changed import map is a changed program", async () => {
  using folder = project({
    "deno.json": `{"imports": {"value": "./one.ts"}}`,
    "one.ts": `export default 1;`,
    "two.ts": `export default 2;`,
    "main.ts": `import { task } from "@capsule/sdk"; import value from "value";
      export const main = task({ name: "main" }, () => value);`,
  });
  const result = async () => (await run({ file: "main.ts", cwd: folder.path })).result;
  assertEquals(await result(), 1);
  folder.write("deno.json", `{"imports": {"value": "./two.ts"}}`);
  assertEquals(await result(), 2);
});

Deno.test("a missing package is named, with a hint", async () => {
  const missing = async (line: string, files: Record<string, string> = {}) => {
    using folder = project({ "main.ts": line, ...files });
    const file = `${folder.path}/main.ts`;
    const error = await assertRejects(() => compile({ file, root: folder.path }), CapsuleError);
    return [error.message.split("\n")[0]!, error.hint];
  };
  const [message, hint] = await missing(`import z from "npm:zod@4"; z();`);
  assertStringIncludes(message!, `Could not resolve "npm:zod@4"`);
  assertEquals(hint, "run `npm install zod@4`");
  const zod = npmPackage("zod", "3.25.1");
  assertEquals(
    (await missing(`import z from "npm:zod@4"; z();`, zod))[1],
    "run `npm install zod@4`: version 3.25.1 is installed",
  );
  const map = { "deno.json": `{"imports": {"zod": "npm:zod@4"}}` };
  assertStringIncludes(
    (await missing(`import z from "zod"; z();`, { ...zod, ...map }))[0]!,
    "npm:zod@4",
  );
  assertEquals((await missing(`import "jsr:@std/path@1/x";`))[1], "run `npx jsr add @std/path@1`");
  assertEquals((await missing(`import "lodash/fp";`))[1], "run `npm install lodash`");
  assertEquals((await missing(`import "./nope.ts";`))[1], undefined);
  assertStringIncludes(
    (await missing(`export {};`, { "deno.json": `{\n  "imports": {,}\n}` }))[0]!,
    "deno.json:2:15: ValueExpected",
  );
});
