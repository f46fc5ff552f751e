import { assertEquals, assertRejects, assertStringIncludes } from "../assert.ts";
import { compile } from "../../compiler/program.ts";
import { CapsuleError } from "../../errors.ts";
import { project } from "../support.ts";

async function bundle(files: Record<string, string>, main = "main.ts"): Promise<string> {
  using folder = project(files);
  const { program } = await compile({ file: `${folder.path}/${main}`, root: folder.path });
  return new TextDecoder().decode(program.files[0]!.data);
}

Deno.test("a bundle is a function body: it has no import and no export", async () => {
  const text = await bundle({
    "main.ts": `
      import { task } from "jsr:@capsule/sdk@^1";
      import { task as other } from "@capsule-run/sdk";
      import fs from "node:fs";
      import { helper } from "./helper.ts";
      const data = await import("./data.json");
      export const main = task({ name: "main" }, () => helper(data, fs, other));
      export default main;
      /*! a licence that esbuild keeps */
    `,
    "helper.ts": `export const helper = (...args: unknown[]): number => args.length;`,
    "data.json": `{"a": 1}`,
  });
  new Function(`return async () => {"use strict";\n${text}\n}`);
  assertStringIncludes(text, 'Symbol.for("capsule.import")]("@capsule/sdk")');
  assertStringIncludes(text, '("fs")');
});

Deno.test("text that calls eval and exports nothing is a function body, too", async () => {
  using folder = project();
  const code = `globalThis.x = () => eval("1");`;
  const { program } = await compile({ code, language: "javascript", root: folder.path });
  const text = new TextDecoder().decode(program.files[0]!.data);
  new Function(`return async () => {"use strict";\n${text}\n}`);
  assertStringIncludes(text, 'eval("1")');
});

Deno.test("the source map names files from the project root", async () => {
  using folder = project({
    "src/main.ts": `import { x } from "../lib/x.ts";\nexport const y: number = x;`,
    "lib/x.ts": `export const x = 1;`,
  });
  const { program, inputs } = await compile({
    file: `${folder.path}/src/main.ts`,
    root: folder.path,
  });
  const map = JSON.parse(new TextDecoder().decode(program.sourceMap));
  assertEquals(map.sources, ["src/main.ts", "lib/x.ts", "<capsule>"]);
  assertEquals(program.name, "src/main.ts");
  for (const input of ["src/main.ts", "lib/x.ts", "tsconfig.json", "src/package.json"]) {
    assertEquals(inputs.includes(`${folder.path}/${input}`), true, input);
  }
});

Deno.test("packages come from node_modules", async () => {
  const text = await bundle({
    "main.js": `import { value } from "some-package"; globalThis.x = value;`,
    "node_modules/some-package/package.json": `{"name": "some-package", "module": "index.mjs"}`,
    "node_modules/some-package/index.mjs": `export const value = "from the package";`,
  }, "main.js");
  assertStringIncludes(text, "from the package");
});

Deno.test("a syntax error points at file, line and column", async () => {
  const error = await assertRejects(
    () => bundle({ "main.ts": "const a = 1;\nconst = 2;" }),
    CapsuleError,
    "main.ts:2:6:",
  );
  assertEquals(error.code, "compile_failed");
});

Deno.test("a missing import points at file, line and column", async () => {
  const error = await assertRejects(
    () =>
      bundle({
        "main.ts": `\nimport { x } from "./missing.ts";\nimport y from "no-such-package";\nx(y);`,
      }),
    CapsuleError,
    "main.ts:2:18:",
  );
  assertStringIncludes(error.message, "no-such-package");
  assertEquals(error.message.includes("external"), false, "advice on options of esbuild");
});

Deno.test("text is a program as well", async () => {
  const { program } = await compile({
    code: `export const main: number = 1;`,
    language: "javascript",
    root: "/",
  });
  assertEquals(program.name, "code.ts");
  assertEquals(new TextDecoder().decode(program.files[0]!.data).includes("export"), false);
});

Deno.test("a file may have any name, begin with #! and be CommonJS", async () => {
  const cases = [
    ["a=b c?d#e.ts", `#!/usr/bin/env capsule\nexport const x = "kept";`],
    ["main.js", `#!/usr/bin/env capsule\nmodule.exports = { x: "kept" };`],
    ["code with 'quotes' \"here\".ts", `globalThis.x = "kept";`],
  ] as const;
  for (const [name, code] of cases) {
    const text = await bundle({ [name]: code }, name);
    new Function(`return async () => {"use strict";\n${text}\n}`);
    assertStringIncludes(text, "kept");
  }
});

Deno.test("the SDK has its names in registries in every file, and with versions", async () => {
  const text = await bundle({
    "main.ts": `import "./other.ts"; import { task } from "jsr:@capsule/sdk"; task.x;`,
    "other.ts":
      `import { task } from "npm:@capsule/sdk@^1.2"; import * as sdk from "jsr:@capsule/sdk@1"; task.x; sdk.y;`,
  });
  assertEquals(text.includes("jsr:"), false);
});

Deno.test("an import from the web points at file, line and column", async () => {
  await assertRejects(
    () => bundle({ "main.ts": `const a = 1;\nimport x from "https://example.com/x.ts"; x(a);` }),
    CapsuleError,
    'main.ts:2:16: cannot import "https://example.com/x.ts"',
  );
});

Deno.test("require gives what its package has for it, and may miss what its caller can do without", async () => {
  const text = await bundle({
    "main.ts": `import dual from "dual"; import user from "user"; console.log(dual, user);`,
    "node_modules/dual/package.json":
      `{"exports": {"import": "./a.mjs", "require": "./b.cjs", "default": "./b.cjs"}}`,
    "node_modules/dual/a.mjs": `export default "for import";`,
    "node_modules/dual/b.cjs": `module.exports = "for require";`,
    "node_modules/user/index.js": `let extra; try { extra = require("missing"); } catch {}
      module.exports = [require("dual"), extra, __filename, require("node:sqlite")];`,
  });
  for (const part of ["for import", "for require", "/main.ts", `("missing")`, `("sqlite")`]) {
    assertStringIncludes(text, part);
  }
});

Deno.test("a source map names no path of the host", async () => {
  using folder = project({ "main.ts": `import { task } from "@capsule/sdk"; task.x;` });
  const { program } = await compile({ file: `${folder.path}/main.ts`, root: folder.path });
  const map = JSON.parse(new TextDecoder().decode(program.sourceMap));
  for (const source of map.sources) assertEquals(source.includes("/"), false, source);
});
