/** Programs that try to have the host read files for them, by what they import and by the settings beside them. */
import { compile } from "../../support/compile.ts";
import { CapsuleError } from "../../../errors/error.ts";

import { assertEquals, assertRejects, assertStringIncludes } from "../../support/assert.ts";
import { type Project, project, runOrThrow as run } from "../../support/support.ts";

/** esbuild's service outlives a test. */
const lasting = { sanitizeResources: false, sanitizeOps: false };
const SECRET = "hunter2-7f3a";
/** For what has to be refused at once. */
const PATIENCE_MS = 5000;

interface Compiled {
  text: string;
  map: string;
}

/** What a confined program becomes: a file `app/main.ts`, or text in the folder `app`. */
async function confined(folder: Project, code: string, isFile: boolean): Promise<Compiled> {
  const root = `${folder.path}/app`;
  if (isFile) folder.write("app/main.ts", code);
  const source = isFile
    ? { file: `${root}/main.ts`, root, isConfined: true }
    : { code, language: "javascript" as const, root, isConfined: true };
  const { program } = await within(PATIENCE_MS, compile(source));
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { text: decode(program.files[0]!.data), map: decode(program.sourceMap!) };
}

/** The error of a confined program that is refused. It says nothing of what is in other files. */
async function refused(folder: Project, code: string, isFile: boolean): Promise<CapsuleError> {
  const error = await assertRejects(() => confined(folder, code, isFile), CapsuleError);
  assertEquals(error.code, "invalid_program");
  assertEquals(error.message.includes(SECRET), false, error.message);
  assertEquals(error.message.length < 20_000, true, `${error.message.length} characters`);
  return error;
}

async function within<T>(milliseconds: number, result: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`it takes more than ${milliseconds} ms`)),
      milliseconds,
    );
  });
  try {
    return await Promise.race([result, late]);
  } finally {
    clearTimeout(timer);
  }
}

function importing(specifier: string, type?: string): string {
  const attributes = type === undefined ? "" : ` with { type: "${type}" }`;
  return `import * as it from ${JSON.stringify(specifier)}${attributes}; console.log(it);`;
}

/** `app` is the program's folder; the secret lies beside it. */
function projectWithSecret(files: Record<string, string> = {}): Project {
  return project({
    "secret.json": JSON.stringify(SECRET),
    "secret.ts": `export const it = ${JSON.stringify(SECRET)};`,
    "app/own.ts": `export const own = "own";`,
    "node_modules/above/index.js": `export default ${JSON.stringify(SECRET)};`,
    ...files,
  });
}

function makePipe(path: string): void {
  const { code } = new Deno.Command("mkfifo", { args: [path] }).outputSync();
  assertEquals(code, 0);
}

Deno.test("no name of a file leads out of what a program is given", lasting, async () => {
  using folder = projectWithSecret();
  const up = folder.path.split("/").length;
  const absolute = `${folder.path}/secret.json`;
  const names = [
    absolute,
    "../secret.json",
    "../secret",
    "./../secret.json",
    ".././secret.json",
    "./a/../../secret.json",
    `${"../".repeat(50)}${absolute.slice(1)}`,
    `/${"./".repeat(50)}${absolute.slice(1)}`,
    `file://${absolute}`,
    `file:${absolute}`,
    "..%2fsecret.json",
    "%2e%2e/secret.json",
    "..\\secret.json",
    "./..\\..\\secret.json",
    "C:\\secret.json",
    `\\\\?\\${absolute}`,
    "../secret.json\0",
    "../secret.json\0.ts",
    "\0file",
    "../SECRET.json",
    "x/../../../secret.json",
    "@x/../../../secret.json",
    `node_modules/../../secret.json`,
    `npm:../secret.json`,
    `npm:x@1/../../../secret.json`,
    `jsr:@x/../../../secret.json`,
    "capsule:../secret.json",
    "capsule-entry:code.ts",
    "/proc/self/environ",
    "/proc/self/root/etc/passwd",
    "/dev/stdin",
    "/dev/zero",
    // What Yarn's Plug'n'Play calls files that lie elsewhere.
    ...["__virtual__", "$$virtual"].flatMap((virtual) =>
      [0, 1, 2, up - 1, up, up + 1].flatMap((levels) => [
        `./${virtual}/x/${levels}/secret.json`,
        `./node_modules/${virtual}/x/${levels}${absolute}`,
        `./node_modules/${virtual}/x/${levels}/etc/passwd`,
      ])
    ),
    "./.yarn/cache/x.zip/node_modules/x/secret.json",
  ];
  for (const isFile of [true, false]) {
    for (const name of names) {
      for (const end of ["", "?x", "#x"]) {
        for (const type of [undefined, "text", "bytes", "json"]) {
          await refused(folder, importing(name + end, type), isFile);
        }
      }
      await refused(folder, `console.log(require(${JSON.stringify(name)}));`, isFile);
      await refused(folder, `console.log(await import(${JSON.stringify(name)}));`, isFile);
    }
  }
  await refused(folder, importing(`./${"a".repeat(100_000)}`), true);
  await refused(folder, importing(`./${"a/".repeat(2000)}`), true);
});

Deno.test("what is refused is named, with its place and what to do", lasting, async () => {
  using folder = projectWithSecret();
  const code = `import "./own.ts";\n${importing("../secret.json", "text")}`;
  const { message } = await refused(folder, code, true);
  assertEquals(
    message,
    'main.ts:2:22: cannot import "../secret.json": a program under the policy "none" imports ' +
      "only what lies in its own folder",
  );
  const text = await refused(folder, `import "./own.ts";`, false);
  assertEquals(
    text.message,
    'code.ts:1:9: cannot import "./own.ts": a program given as text, under the policy "none", ' +
      "imports packages only",
  );
});

Deno.test("a confined file has its own folder, and not the folder of the process", async () => {
  using folder = projectWithSecret({ "app/data.json": "[1]" });
  folder.write(
    "app/main.ts",
    `import { task } from "@capsule/sdk"; import data from "./data.json";
     task({ name: "main" }, () => data);`,
  );
  const file = "app/main.ts";
  assertEquals((await run({ file, cwd: folder.path, policy: "none" })).result, [1]);
  folder.write("app/main.ts", importing("../secret.json", "text"));
  for (const cwd of [folder.path, `${folder.path}/app`, "/"]) {
    const options = { file: `${folder.path}/app/main.ts`, cwd, policy: "none" } as const;
    const error = await assertRejects(() => run(options), CapsuleError, "cannot import");
    assertEquals(error.message.includes(SECRET), false);
  }
  // Nor packages above it.
  const error = await refused(folder, importing("above"), true);
  assertStringIncludes(error.message, `Could not resolve "above"`);
});

Deno.test(
  "text imports packages, and nothing of a package leads out of them",
  lasting,
  async () => {
    const up = "../".repeat(20);
    using folder = projectWithSecret({
      "app/node_modules/good/package.json": `{ "exports": "./index.js", "sideEffects": ["*.css"] }`,
      "app/node_modules/good/index.js": `export default "good";`,
      "app/node_modules/main/package.json": `{ "main": "${up}etc/passwd" }`,
      "app/node_modules/main2/package.json": `{ "module": "../../../secret.json" }`,
      "app/node_modules/exports/package.json":
        `{ "exports": { ".": "./../../../secret.json", "./*": "./../../*", "./f/": "./../../" } }`,
      "app/node_modules/imports/package.json":
        `{ "imports": { "#a": "../../../secret.json", "#b": "/etc/passwd", "#c": "./../../../secret.json" } }`,
      "app/node_modules/imports/a.js": `import "#a";`,
      "app/node_modules/imports/b.js": `import "#b";`,
      "app/node_modules/imports/c.js": `import "#c";`,
      "app/node_modules/up/index.js": `import x from "../../../secret.json"; console.log(x);`,
      "app/node_modules/absolute/index.js": `import x from "/etc/passwd"; console.log(x);`,
      "app/node_modules/own/index.js": `import x from "../../own.ts"; console.log(x);`,
      "app/node_modules/virtual/index.js":
        `import x from "./__virtual__/x/20/etc/passwd" with { type: "text" }; console.log(x);`,
    });
    assertStringIncludes((await confined(folder, importing("good"), false)).text, "good");
    const names = [
      "main",
      "main2",
      "exports",
      "exports/secret.json",
      "exports/f/secret.json",
      "up",
    ];
    names.push("imports/a.js", "imports/b.js", "imports/c.js", "absolute", "own", "virtual");
    for (const name of names) await refused(folder, importing(name), false);
    for (const name of names.filter((name) => name !== "own")) {
      await refused(folder, importing(name), true);
    }
  },
);

Deno.test("links lead nowhere, and do not tell whether something is there", lasting, async () => {
  using folder = projectWithSecret({ "app/inner/own.ts": `export const inner = "inner";` });
  const link = (to: string, name: string) => Deno.symlinkSync(to, `${folder.path}/app/${name}`);
  link("../secret.json", "file.json");
  link(`${folder.path}/secret.ts`, "file.ts");
  link("..", "up");
  link("/", "top");
  link("nothing-there", "dangling.json");
  link("../nothing-there.json", "outside.json");
  link("loop.ts", "loop.ts");
  link("loop2", "loop1");
  link("loop1", "loop2");
  const names = ["./file.json", "./file.ts", "./file", "./up/secret.json", "./up/absent.json"];
  names.push("./top/etc/passwd", "./top/absent", "./dangling.json", "./outside.json");
  for (const name of names) {
    const error = await refused(folder, importing(name, "text"), true);
    assertStringIncludes(error.message, "cannot import");
    const dispensable = `try { require(${JSON.stringify(name)}); } catch {}`;
    assertStringIncludes((await refused(folder, dispensable, true)).message, "cannot import");
  }
  for (const name of ["./loop.ts", "./loop1/x", "./loop1"]) {
    await refused(folder, importing(name), true);
  }
  // Those that stay inside are like what they lead to.
  link("inner", "linked");
  link("inner/own.ts", "linked.ts");
  const good =
    `export * from "./linked/own.ts"; import * as it from "./linked.ts"; console.log(it);`;
  assertStringIncludes((await confined(folder, good, true)).text, "inner");
});

Deno.test("a program that is a link to elsewhere is refused", lasting, async () => {
  using folder = projectWithSecret();
  const file = `${folder.path}/app/main.ts`;
  Deno.symlinkSync("../secret.ts", file);
  const source = { file, root: `${folder.path}/app`, isConfined: true };
  const error = await assertRejects(() => compile(source), CapsuleError);
  assertEquals(error.message.includes(SECRET), false, error.message);
});

Deno.test("a source map comment reads no file", lasting, async () => {
  using folder = projectWithSecret();
  const pipe = `${folder.path}/app/pipe.map`;
  makePipe(pipe);
  folder.write("secret.map", JSON.stringify({ version: 3, sources: [SECRET], mappings: "AAAA" }));
  const own = btoa(JSON.stringify({ version: 3, sources: ["own.x"], mappings: "AAAA" }));
  const addresses = [`file://${folder.path}/secret.map`, "../secret.map", `file://${pipe}`];
  addresses.push("pipe.map", "file:///dev/zero", "file:///etc/passwd");
  for (const address of addresses) {
    const comments = [
      `//# sourceMappingURL=${address}`,
      `//@ sourceMappingURL=${address}`,
      `/*# sourceMappingURL=${address} */`,
      `//# sourceMappingURL=${address}\r\n\r\n`,
      // What looks like a map of its own, and is part of something else.
      `//# sourceMappingURL=${address}\n/*\n//# sourceMappingURL=data:application/json;base64,e30= */`,
      `//# sourceMappingURL=${address}\n\`\n//# sourceMappingURL=data:application/json;base64,e30=\``,
      `//# sourceMappingURL=${address}\n  //# sourceMappingURL=data:application/json;base64,e30=`,
    ];
    for (const comment of comments) {
      for (const isFile of [true, false]) {
        const { map } = await confined(folder, `console.log(1)\n${comment}`, isFile);
        assertEquals(map.includes(SECRET), false, comment);
      }
      folder.write("app/style.css", `a { color: red }\n${comment.replaceAll("//", "")}`);
      await confined(folder, `import "./style.css"; console.log(1);`, true).catch((error) => {
        assertEquals(error.code, "invalid_program");
      });
    }
  }
  const inline = `console.log(1)\n//# sourceMappingURL=data:application/json;base64,${own}\n`;
  assertEquals((await confined(folder, inline, true)).text.includes("console.log(1)"), true);
});

Deno.test("imports with parts that are not known list no folder", lasting, async () => {
  using folder = projectWithSecret();
  const programs = [
    "console.log(await import(`./${process.argv[2]}`))",
    "console.log(await import(`../${process.argv[2]}.json`))",
    `console.log(require("./etc/" + process.argv[2]))`,
    `console.log(require("../../../../../../etc/" + process.argv[2]))`,
    "console.log(await import(`./proc/self/${process.argv[2]}`, { with: { type: 'text' } }))",
  ];
  for (const code of programs) {
    for (const isFile of [true, false]) {
      let text: string;
      try {
        ({ text } = await confined(folder, code, isFile));
      } catch (error) {
        text = (error as Error).message;
      }
      for (const name of ["passwd", "hosts", "secret.ts", SECRET, "environ"]) {
        assertEquals(text.includes(name), false, `${name} in ${text}`);
      }
    }
  }
});

const ODD: Record<string, (path: string) => void> = {
  "a device": (path) => Deno.symlinkSync("/dev/zero", path),
  "a pipe": makePipe,
  "a folder": (path) => Deno.mkdirSync(path),
  "a file of a terabyte": (path) => {
    using file = Deno.openSync(path, { create: true, write: true });
    file.truncateSync(2 ** 40);
  },
  "a link to itself": (path) => Deno.symlinkSync(path, path),
};

for (const [what, make] of Object.entries(ODD)) {
  Deno.test(`${what} in the place of a file is not waited for`, lasting, async () => {
    const places: [path: string, files: Record<string, string>, code: string][] = [
      ["deno.json", {}, importing("./own.ts")],
      ["deno.jsonc", {}, importing("./own.ts")],
      ["maps.json", { "app/deno.json": `{ "importMap": "./maps.json" }` }, importing("./own.ts")],
      ["tsconfig.json", {}, importing("./own.ts")],
      ["base.json", { "app/tsconfig.json": `{ "extends": "./base.json" }` }, importing("./own.ts")],
      ["package.json", {}, importing("./own.ts")],
      ["node_modules/odd/package.json", { "app/node_modules/odd/index.js": "" }, importing("odd")],
      [
        "node_modules/odd/index.js",
        { "app/node_modules/odd/package.json": "{}" },
        importing("odd"),
      ],
      ["odd.ts", {}, importing("./odd.ts")],
      ["odd.json", {}, importing("./odd")],
      ["odd.txt", {}, importing("./odd.txt", "bytes")],
    ];
    for (const [path, files, code] of places) {
      for (const isConfined of [true, false]) {
        using folder = projectWithSecret({ "app/main.ts": code, ...files });
        const root = `${folder.path}/app`;
        make(`${root}/${path}`);
        const source = { file: `${root}/main.ts`, root, isConfined };
        // Without the file, most programs are what they would be.
        await within(PATIENCE_MS, compile(source)).catch((error) => {
          assertEquals(error.code, "invalid_program", `${path}: ${error.stack}`);
          assertEquals(error.message.length < 1000, true, error.message);
        });
      }
    }
  });
}

Deno.test("settings of any shape are errors or nothing", lasting, async () => {
  const deep = (depth: number) => "[".repeat(depth) + "]".repeat(depth);
  const deepObject = '{"a":'.repeat(50_000) + "1" + "}".repeat(50_000);
  const texts = ["", "null", "[]", "1", `"x"`, "{", "{}", deep(50_000), `/**/${deep(50_000)}`];
  texts.push(deepObject, `/**/${deepObject}`, "\ufeff{}", "\0", "\ud800", "{".repeat(100_000));
  const odd = [null, true, 1, "x", [], [[]], {}, { a: {} }, "../../x", "/etc/passwd", "\0"];
  const fields = ["imports", "importMap", "exports", "compilerOptions", "extends", "workspace"];
  fields.push("main", "module", "type", "name", "version", "sideEffects", "browser", "vendor");
  fields.push("scopes", "jsx", "paths", "baseUrl", "jsxImportSource", "target", "__proto__");
  for (const field of fields) {
    for (const value of odd) {
      texts.push(`{ ${JSON.stringify(field)}: ${JSON.stringify(value)} }`);
      const options = `"compilerOptions": { ${JSON.stringify(field)}: ${JSON.stringify(value)} }`;
      texts.push(`{ ${options} }`);
      texts.push(
        `{ "paths": {}, "imports": { ${JSON.stringify(field)}: ${JSON.stringify(value)} } }`,
      );
    }
  }
  const code = `import "./own.ts"; import "pkg"; import it from "constructor"; console.log(it);`;
  using folder = projectWithSecret({
    "app/main.ts": code,
    "app/node_modules/pkg/index.js": "export {}",
    "app/node_modules/constructor/index.js": "export default 1",
  });
  const root = `${folder.path}/app`;
  const names = ["deno.json", "tsconfig.json", "package.json", "node_modules/pkg/package.json"];
  for (const [index, text] of texts.entries()) {
    // Each at each place, and at all of them together.
    const places = [names[index % names.length]!, ...index % 16 === 0 || index < 15 ? names : []];
    for (const name of places) {
      folder.write(`app/${name}`, text);
      const source = { file: `${root}/main.ts`, root, isConfined: true };
      await within(PATIENCE_MS, compile(source)).catch((error) => {
        assertEquals(
          error.code,
          "invalid_program",
          `${name}: ${text.slice(0, 100)} ${error.stack}`,
        );
        assertEquals(error.message.includes(SECRET), false);
      });
      Deno.removeSync(`${root}/${name}`);
    }
  }
  assertEquals(({} as Record<string, unknown>).a, undefined);
});

Deno.test("settings lead a confined program nowhere", lasting, async () => {
  const outside: Record<string, string>[] = [
    { "app/deno.json": `{ "imports": { "x": "../secret.json" } }` },
    { "app/deno.json": `{ "imports": { "x": "/etc/passwd" } }` },
    { "app/deno.json": `{ "imports": { "x/": "/etc/" } }` },
    {
      "app/deno.json": `{ "importMap": "../map.json" }`,
      "map.json": `{"imports":{"x":"./own.ts"}}`,
    },
    { "app/deno.json": `{ "importMap": "/etc/passwd" }` },
    { "app/tsconfig.json": `{ "compilerOptions": { "paths": { "x": ["../secret.json"] } } }` },
    { "app/tsconfig.json": `{ "compilerOptions": { "paths": { "*": ["/etc/*"] } } }` },
    { "app/tsconfig.json": `{ "compilerOptions": { "baseUrl": "/etc" } }` },
    { "app/tsconfig.json": `{ "compilerOptions": { "baseUrl": ".." } }` },
    { "app/package.json": `{ "imports": { "#x": "../secret.json" } }` },
    { "deno.json": `{ "imports": { "x": "./secret.json" } }` },
    { "tsconfig.json": `{ "compilerOptions": { "paths": { "x": ["./secret.json"] } } }` },
  ];
  for (const files of outside) {
    using folder = projectWithSecret(files);
    for (const name of ["x", "x/passwd", "passwd", "secret.json", "#x"]) {
      await refused(folder, importing(name, "text"), true);
    }
  }
  using folder = projectWithSecret({
    "app/tsconfig.json":
      `{ "extends": ["/etc/passwd", "../secret.json", "../node_modules/above"] }`,
  });
  await confined(folder, importing("./own.ts"), true);
  using endless = projectWithSecret({
    "app/tsconfig.json": `{ "extends": "./other.json" }`,
    "app/other.json": `{ "extends": ["./tsconfig.json", "./tsconfig.json"] }`,
  });
  assertStringIncludes((await refused(endless, importing("./own.ts"), true)).message, "extends");
});

Deno.test("NODE_PATH and the working directory are ignored", lasting, async () => {
  using folder = projectWithSecret({ "packages/stray/index.js": `export default "${SECRET}";` });
  Deno.env.set("NODE_PATH", `${folder.path}/packages`);
  try {
    for (const isFile of [true, false]) await refused(folder, importing("stray"), isFile);
  } finally {
    Deno.env.delete("NODE_PATH");
  }
});

Deno.test("many imports, long chains and deep texts end", lasting, async () => {
  using folder = projectWithSecret();
  const patience = 60_000;
  const compiled = (code: string, isFile = true) => {
    if (isFile) folder.write("app/main.ts", code);
    const root = `${folder.path}/app`;
    const source = isFile
      ? { file: `${root}/main.ts`, root, isConfined: true }
      : { code, language: "javascript" as const, root, isConfined: true };
    return within(patience, compile(source));
  };
  const fails = (code: string, isFile = true) =>
    assertRejects(() => compiled(code, isFile), CapsuleError);
  const lines = (count: number, line: (index: number) => string) =>
    Array.from({ length: count }, (_, index) => line(index)).join("\n");
  for (const isFile of [true, false]) {
    const { message } = await fails(lines(20_000, (index) => `import "./x${index}.ts";`), isFile);
    assertEquals(message.length < 20_000, true);
  }
  for (let index = 0; index < 500; index++) {
    const next = `./chain${(index + 1) % 500}.ts`;
    folder.write(
      `app/chain${index}.ts`,
      `import { v as w } from "${next}"; export const v = () => w;`,
    );
  }
  await compiled(`import { v } from "./chain0.ts"; console.log(v);`);
  // Whoever compiles afterwards is served, whatever has become of esbuild.
  for (const deep of ["(", "[", "{a:", "`${", "function(){", "<a>"]) {
    await compiled(`x = ${deep.repeat(100_000)}`).catch((error) => {
      assertEquals(error.code, "invalid_program");
    });
    await compiled(`import "./own.ts"; console.log(1);`);
  }
});

Deno.test("the number of files of a program is limited", lasting, async () => {
  using folder = projectWithSecret();
  const text = "x".repeat(4 << 20);
  const names = Array.from({ length: 33 }, (_, index) => `b${index}`);
  for (const name of names) folder.write(`app/${name}.txt`, text);
  const code = names.map((name) => `import ${name} from "./${name}.txt"; ${name}.x;`).join("\n");
  folder.write("app/main.ts", code);
  const root = `${folder.path}/app`;
  const source = { file: `${root}/main.ts`, root, isConfined: true };
  const error = await assertRejects(() => within(60_000, compile(source)), CapsuleError);
  assertStringIncludes(error.message, "128 MB at most");
});
