/** Every example does what it says. */
import { assertEquals, assertStringIncludes } from "../support/assert.ts";
import { cli, project, ROOT, warmEngines } from "../support/support.ts";
import { evaluate, isRight, python, typescript } from "../../examples/eval_sandbox.ts";

await warmEngines();

const TESTED = [
  "eval_sandbox.ts",
  "hello.py",
  "hello.ts",
  "sales.py",
  "sales.ts",
  "sales_data.ts",
  "sandbox.py",
  "sandbox.ts",
];

Deno.test("every example has a test", () => {
  const found = Array.from(Deno.readDirSync(`${ROOT}examples`), ({ name }) => name).sort();
  assertEquals(found.filter((name) => /\.(ts|py)$/.test(name)), TESTED);
});

Deno.test("hello greets in both languages", async () => {
  for (const file of ["hello.ts", "hello.py"]) {
    const { stdout } = await cli(["run", `${ROOT}examples/${file}`, "Ada"], { cwd: ROOT });
    assertEquals(stdout, "Hello, Ada!\n");
  }
});

Deno.test("sales sums up 10,000 rows, the same in both languages", async () => {
  using folder = project();
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", `${ROOT}examples/sales_data.ts`, "10000"],
  }).output();
  folder.write("sales.csv", stdout);
  const summaries = [];
  for (const file of ["sales.ts", "sales.py"]) {
    const args = ["run", `examples/${file}`, "--json", "--args-file", `${folder.path}/sales.csv`];
    const envelope = JSON.parse((await cli(args, { cwd: ROOT })).stdout);
    assertEquals(envelope.error, null);
    summaries.push(envelope.result);
  }
  assertEquals(summaries[0], summaries[1]);
  const { sales, total, months, products } = summaries[0];
  assertEquals([sales, months.length, products.length], [10_000, 12, 5]);
  const sum = (rows: [string, number][]) => rows.reduce((all, [, amount]) => all + amount, 0);
  assertEquals([sum(months), sum(products)], [total, total]);
});

Deno.test("50 pieces of code at once give 50 right envelopes", async () => {
  const [inTypeScript, inPython] = await Promise.all([
    evaluate(`${ROOT}examples/sandbox.ts`, typescript),
    evaluate(`${ROOT}examples/sandbox.py`, python),
  ]);
  assertEquals(inTypeScript.length + inPython.length, 50);
  for (const [envelopes, snippets] of [[inTypeScript, typescript], [inPython, python]] as const) {
    for (const [index, envelope] of envelopes.entries()) {
      const snippet = snippets[index]!;
      assertEquals(isRight(envelope, snippet), true, `${snippet[0]}: ${JSON.stringify(envelope)}`);
    }
  }
});

Deno.test("the sandbox shows its value", async () => {
  const { stdout } = await cli(["run", "examples/sandbox.py", "[6 * 7]"], { cwd: ROOT });
  assertStringIncludes(stdout, "42");
});
