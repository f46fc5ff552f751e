/** What the console and `util.inspect` print, beside what Node prints of the same. */
import { assertEquals, assertStringIncludes } from "../support/assert.ts";
import { nodeProgram } from "../node/support.ts";
import { runOrThrow as run } from "../support/support.ts";

const CASES = new URL("inspect_cases.mjs", import.meta.url).pathname;
/** The version that the engine passes for. */
const NODE = "24";

Deno.test("the console and util.inspect print as Node does", async () => {
  const program = await nodeProgram(NODE);
  const node = await new Deno.Command(program, { args: [CASES], env: { NO_COLOR: "1" } }).output();
  const { error, stdout, stderr } = await run({ file: CASES, capture: true });
  assertEquals(error, null);
  const decoder = new TextDecoder();
  assertEquals(byCase(stdout!), byCase(decoder.decode(node.stdout)));
  assertEquals(byCase(stderr!), byCase(decoder.decode(node.stderr)));
});

/** What the cases of the file have printed, by their names. */
function byCase(text: string): Record<string, string> {
  const parts = text.split(/^== (\w+)\n/m).slice(1);
  return Object.fromEntries(
    Array.from({ length: parts.length / 2 }, (_, at) => [parts[2 * at], parts[2 * at + 1]]),
  );
}

/** What a program prints that logs a value. */
async function printed(value: string, before = ""): Promise<string> {
  const code = `import { task } from "@capsule/sdk";
    task({ name: "main", compute: "HIGH" }, () => { ${before}; console.log(${value}); });`;
  const { error, stdout } = await run({ code, language: "javascript", capture: true });
  assertEquals(error, null, error?.message);
  return stdout!;
}

Deno.test("the console bounds what it prints of large values", async () => {
  assertStringIncludes(
    await printed("Array.from({ length: 1_000_000 }, (_, i) => i)"),
    "... 999900 more items",
  );
  assertStringIncludes(await printed("['x'.repeat(1_000_000)]"), "... 990000 more characters");
  const deep = "let deep = {}; for (let i = 0; i < 100_000; i++) deep = { deep }";
  assertEquals(await printed("deep", deep), "{ deep: { deep: { deep: [Object] } } }\n");
});

Deno.test("the console survives what a program does to its own globals", async () => {
  const broken = `for (const of of [Array, Map, Set, String, RegExp, Object, Function, Error, Date])
    for (const name of Object.getOwnPropertyNames(of.prototype))
      if (!["constructor", "__proto__"].includes(name)) try { of.prototype[name] = () => { throw 1; }; } catch {}`;
  const code = `import { task } from "@capsule/sdk";
    task({ name: "main" }, () => { try { ${broken}; console.log({ a: [new Map([[1, 2]])] }); } catch {} return 1; });
    task({ name: "other" }, () => 2);`;
  const { success } = await run({ code, language: "javascript" });
  assertEquals(typeof success, "boolean");
});

Deno.test("what lets the engine see into promises is not in reach of programs", async () => {
  const code = `import { task } from "@capsule/sdk";
    task({ name: "main" }, () => {
      const { isWellFormed } = String.prototype;
      const promise = Promise.resolve(1);
      return [isWellFormed.call("a"), isWellFormed.call("\\ud800"), isWellFormed.call("", promise, promise, 24),
        isWellFormed.call("", promise, promise, 4), isWellFormed.name, isWellFormed.length];
    });`;
  const { result } = await run({ code, language: "javascript" });
  assertEquals(result, [true, false, true, true, "isWellFormed", 0]);
});
