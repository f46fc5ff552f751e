/** Programs that are made without esbuild: which ones are, and what becomes of them. */
import { assertEquals, assertTrue } from "../../support/assert.ts";
import * as esbuild from "esbuild";
import { eraseTypes } from "../../../compiler/typescript/plain/erase_types.ts";
import { plainProgram } from "../../../compiler/typescript/plain/plain_typescript.ts";
import { compile } from "../../support/compile.ts";
import { parseTypeScript } from "../../../compiler/typescript/plain/typescript_parser.ts";

const SDK = `import { task } from "@capsule/sdk";`;

function importable(specifier: string) {
  if (specifier === "@capsule/sdk") return { module: specifier, names: ["task", "TaskError"] };
  return specifier.startsWith("node:") ? { module: specifier.slice(5) } : undefined;
}

async function isPlain(text: string): Promise<boolean> {
  return await plainProgram(text, importable) !== undefined;
}

Deno.test("code that needs esbuild is not plain", async () => {
  const plain = [
    "",
    "let x: number = 1;",
    `${SDK}\nexport const main = task({ name: "main" }, (a: number): number => a);`,
    `import { task, type Envelope, Envelope as Other } from "@capsule/sdk"; task({});`,
    `import type { Envelope } from "@capsule/sdk";`,
    `import { readFile as read } from "node:fs/promises"; read("x");`,
    "export interface A { b: string }\nexport type C = A | undefined;\nexport function f<T>(t: T) {}",
    "const a = 1;\nexport { a as b };\nexport default a;",
    "export default async (x: number) => x;",
    "class A { #b() {} static { this.c = 1; } get d() { return this; } }",
    "const later = await Promise.resolve(1);",
    "let a = 1\r\nlet b = 2\r\n",
    "\n".repeat(5_000),
    "function f(\n  a: number,\n  b?: string\n): void {}\nf(1 as number)",
    "interface A { b: string; c: number }\nconst d = 1",
    "export default (1, 2)",
    "export default ({ a: 1 } as object)",
    "export default (function f() {})",
    // JavaScript alone, or with types that only the words tell.
    `let type, declare = (a, b = 1) => a ?? b\ntype\ndeclare\n(2)`,
    `import { type as as } from "node:fs"; as();`,
    "let a = 1 as unknown as string",
    "type A = string; interface B {}",
  ];
  for (const text of plain) assertTrue(await isPlain(text), text);
  const others = [
    // Something has to stand for these.
    "enum A { B }",
    "namespace A { export const b = 1; }",
    "class A { constructor(private b: string) {} }",
    "class A { b: string }",
    "@decorated class A {}",
    "import a = require('a');",
    // Newer than QuickJS.
    "using a = b();",
    "const a = /(?i:b)/;",
    // They mean something to a bundler, or in a function.
    `import x from "lodash"; x();`,
    `import { x } from "./x.ts"; x();`,
    `import fs from "node:fs"; fs();`,
    `import * as fs from "node:fs"; fs();`,
    `import { nothing } from "@capsule/sdk"; nothing();`,
    `import capsule from "@capsule/sdk"; capsule();`,
    `export { x } from "@capsule/sdk";`,
    `export * from "@capsule/sdk";`,
    `await import("node:fs");`,
    "import.meta.url;",
    "require('fs');",
    "module.exports = 1;",
    "eval('1');",
    "this.x = 1;",
    "(() => this)();",
    "arguments;",
    "__dirname;",
    "export default function () {}",
    // Lines and comments that scripts take otherwise.
    "#!/usr/bin/env deno\nlet a = 1;",
    "\ufefflet a = 1;",
    "let a = 1\rlet b = 2",
    "let a = '\u2028';",
    "let a = 1\n--> 0;",
    // More than the parser of the host should see.
    `const a = ${"(".repeat(50_000)}1${")".repeat(50_000)};`,
    `const a = [${"[],".repeat(600)}];`,
    `const a = "${"x".repeat(9_000)}";`,
    // What follows a type that is gone would belong to the line before.
    "const a = b\ntype C = string;\n[1].length",
    "const a = b\ntype C = { d: string }\n;(() => {})()",
    "const a = b\ntype C = string // why\n(1)",
    "const a = b\ninterface C { d: string }\n`x`",
    "let a = 0\nif (a)\n type B = 1;\na++",
    // What they name is something else here.
    `import { default as path } from "node:path"; path();`,
    "const Symbol = 1;",
    "var { a: [globalThis] } = b;",
    `import { task } from "@capsule/sdk"; task = 1;`,
    `import { task as Symbol } from "@capsule/sdk"; Symbol({});`,
    `import { join as globalThis } from "node:path"; globalThis("a");`,
    // esbuild leaves these calls out.
    "let a = 0; const b = () => a++; const c = /* @__PURE__ */ b();",
    "/* #__NO_SIDE_EFFECTS__ */ function a() {}",
    `import { task } from "@capsule/sdk"; for ([task] of []);`,
    "export\n\ndefault 5",
    // It is wrong.
    "const a = ;",
    "const a = 1; const a = 2;",
    "export { a };",
    "return 1;",
    "with (a) {}",
  ];
  for (const text of others) assertTrue(!await isPlain(text), text);
});

Deno.test("what the parser would try for hours is given up in milliseconds", async () => {
  const nested = [
    ["<T>(", ")"],
    ["<any>[", "]"],
    ["<any>{ a: ", "}"],
    ["([a = a ? (b) : ", "] = 1)"],
    ["({ a = a ? (b) : ", "} = 1)"],
    ["a<([a = a ? ({ b }) : ", "] = 1)>(1)"],
    ["async <T>(", ") => 1"],
  ] as const;
  for (const [open, close] of nested) {
    for (const depth of [25, 150]) {
      const text = `${SDK} let x = ${open.repeat(depth)}c${close.repeat(depth)};`;
      const before = performance.now();
      assertTrue(!await isPlain(text), text);
      const ms = performance.now() - before;
      assertTrue(ms < 1000, `${open}, ${depth} deep: ${ms.toFixed()} ms`);
    }
  }
});

Deno.test("lines and columns stay where they were", async () => {
  const text = `${SDK}
    export const a: number = 1; export default a
    export { a as b }
    ;(1 as number)
    export type C = {
      d: string;
    };
    import {
      readFile,
    } from "node:fs/promises";
    export async function main(e: string) { return readFile(e) }`;
  const { bundle, mappings, rangeMappings } = (await plainProgram(text, importable))!;
  const [imports, ...lines] = bundle.split("\n");
  // As a script, it gives back what it exports.
  if (lines.at(-1)!.endsWith("/*capsule:script*/")) lines.pop();
  assertEquals(
    imports,
    `const{"readFile":readFile}=globalThis[Symbol.for("capsule.import")]("fs/promises");`,
  );
  const originals = text.split("\n");
  assertEquals(lines.map(({ length }) => length), originals.map(({ length }) => length));
  const columnOf = (of: string[], word: string) => {
    const line = of.findIndex((line) => line.includes(word));
    return [line, of[line]!.indexOf(word)];
  };
  for (const word of ["const a", "(1", "async function", "return"]) {
    assertEquals(columnOf(lines, word), columnOf(originals, word), word);
  }
  assertEquals(mappings.split(";").length, lines.length + 1);
  assertEquals(rangeMappings.split(";").length, lines.length + 1);
});

/** What a damaged program is made of. */
const PARTS = [
  `${SDK}\nexport const main = task({ name: "main" }, async (a: number, b?: string): Promise<number> => a + 1);`,
  "interface Pair<T extends object = {}> { first: T; readonly [key: string]: unknown; m?(x: number): void }",
  "type A<T> = T extends (infer U)[] ? { -readonly [K in keyof U]?: U[K] } : `a${string}` | typeof x[number];",
  "class B<T> extends C<T> { static #p() {} get g(): number { return 1 } async *h<U>(...r: U[]): AsyncGenerator<U> { yield* r } }",
  `function f(a: any, { b, c = 1 }: { b: string, c?: number } = { b: "é" }, ...d: never[]): asserts a is string {
     let x = <T,>(y: T) => y as unknown as T; x!.y!.z; return a satisfies any }`,
  'const é = "🦕世" as const; let 世: string | undefined = `${é as string}`; for (const [k, v] of Object.entries({} as Record<string, number>)) { }',
  "let v = a < b > (c); let w = f<number>(1); let z = new Map<string, Array<number>>(); let q = a ? (b) : (c: number) => d;",
  "try { throw 1 } catch (e: unknown) { } switch (x as any) { case 1: default: } if (a!) b; else (c as any).d?.[1]!;",
];
const PIECES =
  "< > ( ) { } [ ] : ; , = => ? ! as satisfies type interface declare enum abstract class import export from \n é 🦕 ` ${ \" ' / // /* */ . ?. infer keyof is asserts new async await yield let const 1n default static readonly get this extends implements typeof void never return"
    .split(" ");

/** Numbers below a limit, the same in every run: xorshift32. */
function drawing(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % limit;
  };
}

Deno.test("damaged programs are erased as by esbuild, or rejected", async () => {
  const draw = drawing(1);
  const options = { target: "es2024", format: "esm", minifyWhitespace: true } as const;
  const tsconfigRaw = { compilerOptions: { verbatimModuleSyntax: true } };
  let accepted = 0;
  for (let round = 0; round < 4000; round++) {
    let text = PARTS[draw(PARTS.length)]! + "\n" + PARTS[draw(PARTS.length)]!;
    for (let changes = 1 + draw(2); changes > 0; changes--) {
      const [at, from] = [draw(text.length), draw(text.length)];
      const piece = draw(2)
        ? ` ${PIECES[draw(PIECES.length)]} `
        : text.slice(from, from + draw(30));
      text = text.slice(0, at) + piece + text.slice(at + draw(3));
    }
    if (!await isPlain(text)) continue;
    accepted++;
    const erased = eraseTypes(text, parseTypeScript(text));
    // What is wrong with a type nobody needs to know.
    const expected = await esbuild.transform(text, {
      ...options,
      loader: "ts",
      tsconfigRaw,
      logLevel: "silent",
    }).catch(() => undefined);
    if (expected === undefined) continue;
    const { code } = await esbuild.transform(erased, { ...options, loader: "js" });
    assertEquals(code, expected.code, text);
  }
  await esbuild.stop();
  assertTrue(accepted > 100, `${accepted} of them are programs`);
});

Deno.test("a text is made the same way, whether it is the first of a process or not", async () => {
  const root = Deno.cwd();
  const texts = [
    `${SDK} console.log(typeof later); const later: number = 1;`,
    `${SDK} function f(a: number) { return a } console.log(f.toString().length);`,
    `${SDK} class A { x = 1 } console.log(new A().x);`,
  ];
  const script = `
    import { compile } from ${
    JSON.stringify(new URL("../../support/compile.ts", import.meta.url).href)
  };
    const { program } = await compile({ code: Deno.args[0], language: "javascript", root: Deno.args[1] });
    console.log(JSON.stringify(new TextDecoder().decode(program.files[0].data)));
    Deno.exit(0);`;
  const config = new URL("../../../deno.json", import.meta.url).pathname;
  for (const code of texts) {
    const args = ["eval", "--quiet", `--config=${config}`, "--ext=ts", script, code, root];
    const { stdout } = await new Deno.Command(Deno.execPath(), { args }).output();
    const first = JSON.parse(new TextDecoder().decode(stdout));
    for (let round = 0; round < 5; round++) {
      const { program } = await compile({ code, language: "javascript", root });
      assertEquals(new TextDecoder().decode(program.files[0]!.data), first, code);
    }
  }
});
