/** Damages the inputs of module resolution: program text, settings, packages, and esbuild's messages. */
import { decodePacket, encodePacket } from "../../compiler/typescript/esbuild/packet.ts";
import { exportedPath, importedPath } from "../../compiler/typescript/resolve/package_exports.ts";
import { matchesPattern } from "../../compiler/typescript/resolve/package_json.ts";
import { importsOnly } from "../../compiler/typescript/plain/plain_typescript.ts";
import { compile } from "../../compiler/compile.ts";
import { codeSource, fileSource, type Source } from "../../compiler/program.ts";
import { parseSpecifier } from "../../compiler/typescript/resolve/specifiers.ts";
import { CapsuleError } from "../../errors/error.ts";
import type { Random } from "./random.ts";

const SECRET = "hunter2-7f3a";

const FILES: Record<string, string> = {
  "secret.ts": `export const secret = "${SECRET}";`,
  "app/main.ts": `#!/usr/bin/env capsule
    import { task } from "@capsule/sdk"; import type { T } from "./types.ts"; import a from "a";
    import * as b from "npm:b@^1.2/sub"; export * from "./own"; import data from "./data.json" with { type: "json" };
    try { require("missing"); } catch {} const more = await import(\`./more/\${a}.ts\`);
    export const main = task({ name: "main" }, () => [a, b, data, more]);
    //# sourceMappingURL=none.map`,
  "app/own/index.ts": `import "#in"; export const own = 1; function x() {} @x class A {}`,
  "app/data.json": `{ "a": [1, 2, { "__proto__": 1 }] }`,
  "app/more/a.ts": "export default 1;",
  "app/deno.json": `{ // names
    "imports": { "c/": "./own/", "b": "npm:b@1", "x": "./own/index.ts" }, "compilerOptions": { "jsxImportSource": "a" } }`,
  "app/base.json": `{ "compilerOptions": { "experimentalDecorators": true } }`,
  "app/tsconfig.json":
    `{ "extends": ["./base.json"], "compilerOptions": { "baseUrl": ".", "paths": { "@/*": ["./over/*", "./own/*"] } } }`,
  "app/package.json":
    `{ "name": "app", "type": "module", "imports": { "#in": { "default": "./own/index.ts" } } }`,
  "app/node_modules/a/package.json":
    `{ "name": "a", "exports": { ".": { "import": "./x.js", "default": "./x.js" }, "./*": ["./*.js", null] }, "sideEffects": ["*.css"] }`,
  "app/node_modules/a/x.js": `export default "a";`,
  "app/node_modules/b/package.json":
    `{ "version": "1.2.3", "main": "./index.js", "module": "sub" }`,
  "app/node_modules/b/sub/index.js": `module.exports = require("a");`,
};

/** Text that can be slow to scan. */
const PIECES = [
  "from",
  "import",
  "export",
  "require(",
  '"',
  "'",
  "`",
  "${",
  "/",
  "*",
  "//",
  "\\",
  " ",
];
PIECES.push(
  "\n",
  "\t",
  "(",
  "{",
  "[",
  "<",
  "@",
  "..",
  "./",
  "node_modules/",
  "npm:",
  "?",
  "#",
  "a",
  "\0",
);
PIECES.push(
  "**",
  "/**",
  "sourceMappingURL=",
  "\u2028",
  "\ud800",
  "é",
  "=>",
  "enum ",
  "__virtual__/",
);

/** The kind for `deno task fuzz`. */
export const imports = {
  cases: 40,
  caseMs: 1000,
  async prepare() {
    const folder = Deno.realPathSync(Deno.makeTempDirSync({ prefix: "capsule-fuzz-" }));
    // Starting esbuild and loading parsers must not count as a case.
    await compile(codeSource(`import "npm:x@1 || 2";`, "javascript", { root: folder }))
      .catch(() => {});
    return {
      try: (random: Random) => tryOne(random, folder),
      [Symbol.dispose]: () => Deno.removeSync(folder, { recursive: true }),
    };
  },
};

async function tryOne(random: Random, folder: string): Promise<string> {
  switch (random.below(4)) {
    case 0:
      return tryScanners(random);
    case 1:
      return await tryProgram(
        codeSource(repeated(random), "javascript", { root: folder, isConfined: true }),
      );
    default: {
      Deno.removeSync(folder, { recursive: true });
      const damaged = random.of(Object.keys(FILES).filter((path) => path.startsWith("app/")));
      for (const [path, text] of Object.entries(FILES)) {
        const file = `${folder}/${path}`;
        Deno.mkdirSync(file.slice(0, file.lastIndexOf("/")), { recursive: true });
        if (path === damaged) Deno.writeFileSync(file, damagedText(random, text));
        else Deno.writeTextFileSync(file, text);
      }
      const root = `${folder}/app`;
      const source = fileSource(`${root}/main.ts`, { root, isConfined: true });
      return `${damaged}: ${await tryProgram(source)}`;
    }
  }
}

async function tryProgram(source: Source): Promise<string> {
  try {
    const { program } = await compile(source);
    const text = new TextDecoder().decode(program.files[0]!.data);
    if (text.includes(SECRET)) throw new Error(`it has read the secret:\n${text}`);
    return "compiled";
  } catch (error) {
    if (!(error instanceof CapsuleError)) throw error;
    if (error.message.includes(SECRET)) throw error;
    return error.code;
  }
}

function tryScanners(random: Random): string {
  const text = repeated(random);
  importsOnly(text, () => true);
  parseSpecifier(text.slice(0, 5000));
  parseSpecifier(`npm:${text.slice(0, 5000)}`);
  matchesPattern(text.slice(0, 1000), repeated(random).slice(0, 1000), () => {});
  const asked = { conditions: new Set(["import"]), spend() {} };
  for (const target of [text, [text, null], { "*": text }, { "./*": { import: [text] } }]) {
    const exported = exportedPath(target, `./${text.slice(0, 100)}`, asked);
    const imported = importedPath({ "#*": target }, `#${text.slice(0, 100)}`, asked);
    for (const path of [exported, imported]) {
      if (path?.startsWith("./") && path.split("/").includes("..")) {
        throw new Error(`it leads out of its package: ${path}`);
      }
    }
  }
  const packet = encodePacket({ id: 1, isAnswer: true, value: { text, list: [null, 1, true] } });
  const { value } = decodePacket(packet.slice(4));
  if (!(value as { text: string }).text.isWellFormed()) {
    throw new Error("the text has lone surrogates");
  }
  try {
    decodePacket(random.damaged(packet.slice(4)));
  } catch (error) {
    if (!(error instanceof Error)) throw error;
  }
  return "scanned";
}

/** A sequence of pieces, some of them repeated many times. */
function repeated(random: Random): string {
  let text = "";
  for (let left = 1 + random.below(6); left > 0; left--) {
    text += random.of(PIECES).repeat(random.of([1, 1, 1, 3, 1000, 20_000])) + random.of(PIECES);
  }
  return text;
}

function damagedText(random: Random, text: string): Uint8Array {
  const encoder = new TextEncoder();
  if (random.below(3) === 0) return random.damaged(encoder.encode(text));
  const at = random.below(text.length);
  const piece = random.of(PIECES).repeat(random.of([1, 2, 100]));
  return encoder.encode(text.slice(0, at) + piece + text.slice(at + random.below(20)));
}
