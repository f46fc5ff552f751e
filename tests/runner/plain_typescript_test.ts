/** Programs that are made without esbuild do the same as by it. */
import { compile } from "../support/compile.ts";
import { assertEquals, assertStringIncludes } from "../support/assert.ts";
import { project, runOrThrow as run } from "../support/support.ts";

const SDK = `import { task } from "@capsule/sdk";`;
const MAIN = `task({ name: "main" }, main);`;
const decoder = new TextDecoder();

/** Each is run as a file, which esbuild bundles, and as text. */
const PROGRAMS: Record<string, string> = {
  "types and generics": `${SDK}
    interface Pair<T> { first: T; second?: T }
    const swap = <T,>({ first, second }: Pair<T>): Pair<T> => ({ first: second!, second: first });
    const main = (): unknown => [swap<number>({ first: 1, second: 2 }), (3 as unknown as string), [4] satisfies number[]];
    ${MAIN}`,
  "built-in modules": `${SDK}
    import { join, basename as name } from "node:path";
    import { createHash } from "node:crypto";
    const main = () => [join("a", "b"), name("c/d.ts"), createHash("sha256").update("é").digest("hex")];
    ${MAIN}`,
  "functions that come later": `${SDK}
    task({ name: "main" }, main);
    export function main() { return helper() + typeof unknownThing }
    function helper() { return "helped" }`,
  "classes": `${SDK}
    class A { #hidden() { return 1 } get open(): number { return this.#hidden() } static of() { return new this() } }
    export class B extends A { toString() { return "B" + this.open } }
    const main = () => String(B.of()) + A.name + B.name;
    ${MAIN}`,
  "semicolons that are missing": `${SDK}
    const values = [1, 2]
    export const main = () => values.map((value) => value * 2)
    export { values }
    ;[3].forEach((value) => values.push(value))
    ${MAIN}`,
  "a default export": `${SDK}
    const main = async () => { await 1; return [main.name, typeof main] }
    export default main
    ${MAIN}`,
  "an error of its own": `${SDK}
    const deep = (n: number): never => { if (n === 0) throw new RangeError("é → " + n); return deep(n - 1) }
    const main = () => { const é = "ü"; deep(2) }
    ${MAIN}`,
  "an error of the language": `${SDK}
    const main = (value?: { deep: { er: string } }): string => {
      return value!.deep.er;
    };
    ${MAIN}`,
  "an error at top level": `${SDK}
    const broken: string[] = undefined as unknown as string[];
    broken.push("x");
    ${MAIN} function main() {}`,
  "strict mode": `${SDK}
    const main = () => { try { (undeclared as unknown) = 1; return "sloppy" } catch (error) { return String(error) } };
    ${MAIN}`,
  "a default export in parentheses": `${SDK}
    const main = () => typeof f;
    ${MAIN}
    export default (function f() {})`,
  "statements behind types": `${SDK}
    const values = [1, 2]
    type Row = { a: number }
    const main = () => values
    interface Other { b: string }
    ${MAIN}`,
  "a task that is named twice": `${SDK}
    task({ name: "main" }, () => 1); task({ name: "main" }, () => 2);`,
  "no task, and a main": `export function main() { return ["main", typeof helper] }
    function helper() {}
    export default () => "default"`,
  "no task, and a default": `export default async () => { await 1; return "default" }`,
  "no task, and a clause": `const other = () => "renamed"; export { other as main };`,
  "no task, and nothing exported": `const main = () => { throw new Error("not called") };`,
  "no task, and the name of the SDK":
    `export const main = () => ["@capsule/sdk", '"@capsule/sdk"'];`,
  "no task, and the name of the SDK in code of its own": `import { join } from "node:path";
    console.log("@capsule/sdk"); export default () => join("@capsule/sdk", "x");`,
  "no task, and an error": `export const main = () => {
      throw new TypeError("in main");
    };`,
  "text with all planes": `${SDK}
    const 世 = "🦕é世"; const main = (): string => \`\${世}\${"\\u{1F995}"}\`;
    ${MAIN}`,
};

for (const [name, code] of Object.entries(PROGRAMS)) {
  Deno.test(`the same comes of it without esbuild: ${name}`, async () => {
    using folder = project({ "code.ts": code });
    const { path: cwd } = folder;
    const outcome = async (source: { code: string; language: "typescript" } | { file: string }) => {
      const envelope = await run({ ...source, cwd }).catch((error) => ({
        success: false,
        result: error.message,
        error: null,
      }));
      const { success, result, error } = envelope;
      return [success, result, error];
    };
    const compiled = await compile({ code, language: "javascript", root: cwd });
    // esbuild's map has an entry for the SDK.
    assertEquals(JSON.parse(decoder.decode(compiled.program.sourceMap)).sources, ["code.ts"]);
    const bundled = await outcome({ file: `${cwd}/code.ts` });
    const plain = await outcome({ code, language: "typescript" });
    assertEquals(plain, bundled);
    if (name.includes("name of the SDK")) {
      assertStringIncludes(JSON.stringify(plain), "capsule/sdk");
    }
  });
}
