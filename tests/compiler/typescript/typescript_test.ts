import { assertEquals, assertRejects, assertStringIncludes } from "../../support/assert.ts";
import { compile } from "../../support/compile.ts";
import { CapsuleError } from "../../../errors/error.ts";
import { project } from "../../support/support.ts";

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

Deno.test("text that calls eval and exports nothing is also a function body", async () => {
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
  assertEquals(error.code, "invalid_program");
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

Deno.test("an import of which only a part is known means the files that fit", async () => {
  const files = {
    "main.ts": `const é = "ü", name = globalThis.x; const a = (n: string) => import("./data/" + n),
      b = require(\`./data/\${name}.json\`); const c = import(\`./data/\${é}\`); globalThis.y = [a, b, c];`,
    "data/a.json": `{"a": "of json"}`,
    "data/deep/b.ts": `export default "of b" as string;`,
    "data/page.html": "<p>of a page</p>",
    "node_modules/tool/index.js": `try { module.exports = require("./locale/" + x); } catch {}`,
    "node_modules/tool/locale/de.js": `module.exports = "of a locale";`,
  };
  const text = await bundle(files);
  new Function(`return async () => {"use strict";\n${text}\n}`);
  for (const part of ["of json", "of b", "./data/deep/b.ts"]) assertStringIncludes(text, part);
  assertEquals(text.includes("of a page"), false);
  const tool = await bundle({
    ...files,
    "main.ts": `import tool from "tool"; globalThis.y = tool;`,
  });
  assertStringIncludes(tool, "of a locale");
});

Deno.test("a file is found as TypeScript and Node find it", async () => {
  const text = await bundle({
    "main.ts":
      `import a from "./a.js"; import b from "./b"; import c from "./c/"; import d from "#d";
      import e from "self/e"; import f from "@/f"; import g from "g?raw"; import h from "h/x.js";
      import i from "i"; import j from "./j"; console.log(a, b, c, d, e, f, g, h, i, j);`,
    "package.json":
      `{"name": "self", "exports": {"./*": "./lib/*.ts"}, "imports": {"#d": {"default": "./lib/d.ts"}}}`,
    "tsconfig.json": `{"extends": "./config/base.json"}`,
    "config/base.json": `{"compilerOptions": {"paths": {"@/*": ["../none/*", "../lib/*"]}}}`,
    "a.ts": `export default "found a" as string;`,
    "b.tsx": `export default "found b";`,
    "b/index.ts": `export default "wrong";`,
    "c/index.ts": `export default "found c";`,
    "c.ts": `export default "wrong";`,
    "lib/d.ts": `export default "found d";`,
    "lib/e.ts": `export default "found e";`,
    "lib/f.ts": `export default "found f";`,
    "node_modules/g/package.json": `{"module": "./es", "main": "./wrong.js"}`,
    "node_modules/g/es.ts": `export default "wrong";`,
    "node_modules/g/es.js": `export default "found g";`,
    "node_modules/g/wrong.js": `module.exports = "wrong";`,
    "node_modules/h/package.json":
      `{"exports": {"./x.js": {"require": "./wrong.js", "module": "./y.js", "default": "./wrong.js"}}}`,
    "node_modules/h/y.js": `export default "found h";`,
    "node_modules/h/wrong.js": `export default "wrong";`,
    "node_modules/i/index.json": `"found i"`,
    "j.js": `export default "found j";`,
    "j.json": `"wrong"`,
  });
  for (const name of "abcdefghij") assertStringIncludes(text, `found ${name}`);
  assertEquals(text.includes("wrong"), false);
});

Deno.test("import attributes determine how a file is read", async () => {
  const text = await bundle({
    "main.ts": `import text from "./page.html" with { type: "text" };
      import bytes from "./page.html" with { type: "bytes" };
      import data from "./data.txt" with { type: "json" }; console.log(text, bytes, data);`,
    "page.html": "<p>page</p>",
    "data.txt": `{"of": "json"}`,
  });
  for (const part of ['"<p>page</p>"', btoa("<p>page</p>"), 'of: "json"']) {
    assertStringIncludes(text, part);
  }
  const wrong = (code: string) => bundle({ "main.ts": code, "page.html": "" });
  await assertRejects(
    () => wrong(`import x from "./page.html"; x();`),
    CapsuleError,
    'main.ts:1:16: cannot import files that end in ".html"',
  );
  await assertRejects(
    () => wrong(`import x from "./page.html" with { type: "css" }; x();`),
    CapsuleError,
    'a type attribute of "css"',
  );
});

Deno.test("package.json fields of a package are respected", async () => {
  const text = await bundle({
    "main.ts":
      `import { used } from "free"; import cjs from "typed"; console.log(used, cjs.default);`,
    "node_modules/free/package.json": `{"sideEffects": ["./kept.js"], "main": "index.js"}`,
    "node_modules/free/index.js":
      `import "./dropped.js"; import "./kept.js"; export const used = "used";`,
    "node_modules/free/dropped.js": `globalThis.x = "dropped";`,
    "node_modules/free/kept.js": `globalThis.x = "kept";`,
    "node_modules/typed/package.json": `{"type": "module", "exports": "./index.js"}`,
    "node_modules/typed/index.js": `import cjs from "./inner.cjs"; export default cjs;`,
    "node_modules/typed/inner.cjs":
      `Object.defineProperty(exports, "__esModule", { value: true });`,
  });
  assertStringIncludes(text, "kept");
  assertEquals(text.includes("dropped"), false);
  // A module of Node's sees what CommonJS exports as its default, whatever that says of itself.
  assertStringIncludes(text, "__toESM(require_inner(), 1)");
});

Deno.test("decorators and class fields follow tsconfig.json, and what it extends", async () => {
  const files = {
    "main.ts": `const d: any = () => {}; class A { @d x = 1 } globalThis.y = A;`,
    "config/base.json": `{"compilerOptions": {"experimentalDecorators": true}}`,
  };
  const config = { "tsconfig.json": `{ /* old */ "extends": ["./config/base"], }` };
  assertStringIncludes(await bundle({ ...files, ...config }), "__decorateClass(");
  assertEquals((await bundle(files)).includes("__decorateClass("), false);
});

Deno.test("a bundle contains Node's modules only if its program imports them from the SDK", async () => {
  const main = (names: string, body: string) => ({
    "main.ts": `import { ${names} } from "@capsule-run/sdk"; import { x } from "./x.ts";
      export const main = task({ name: "main" }, () => ${body});`,
    "x.ts": "export const x = 1;",
  });
  const plain = await bundle(main("task", "x"));
  for (const name of ["fs", "fsPromises", "isWasmMode", "os", "path", "process"]) {
    assertEquals(new RegExp(`\\b${name}\\b`).test(plain), false, name);
    const text = await bundle(main(`task, ${name}`, `[x, ${name}]`));
    assertStringIncludes(text, `("@capsule/sdk").${name}`);
  }
});
