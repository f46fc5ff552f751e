/** Host code written for capsule-run, with its imports renamed: docs/from-capsule-run.md. */
import { run } from "@capsule/sdk/runner";
import { run as runOfSdk } from "@capsule/sdk";
import type { RunnerOptions, RunnerResult } from "@capsule/sdk/runner";
import { assertEquals, assertMatch, assertRejects } from "../support/assert.ts";
import { project } from "../support/support.ts";

Deno.test("run() takes file, args, mounts and cwd, and gives the envelope", async () => {
  using folder = project({
    "sandbox.ts": `import { task } from "@capsule-run/sdk";
      import fs from "fs";
      export const main = task({ name: "main", compute: "HIGH", ram: "64MB", timeout: "10s" },
        (code: string): unknown => new Function("fs", code)(fs));`,
    "sandbox.py": "from capsule import task\n" +
      '@task(name="main", compute="HIGH", ram="64MB", timeout="10s")\n' +
      "def main(code: str) -> str:\n    found = {}\n    exec(code, {}, found)\n    return found.get('result')",
    "sessions/one/a.txt": "a",
  });
  const mounts = ["sessions/one::workspace"];
  const codes = {
    "./sandbox.ts":
      `fs.appendFileSync("workspace/a.txt", "b"); return fs.readFileSync("workspace/a.txt", "utf8")`,
    "./sandbox.py":
      `open("workspace/a.txt", "a").write("c")\nresult = open("workspace/a.txt").read()`,
  };
  const results = [];
  for (const [file, code] of Object.entries(codes)) {
    const options: RunnerOptions = { file, args: [code], mounts, cwd: folder.path };
    const result: RunnerResult = await run(options);
    assertEquals([result.success, result.error], [true, null]);
    results.push(result.result);
    const { task_name, duration_ms, retries, fuel_consumed, ram_used, host_requests } =
      result.execution;
    assertEquals([task_name, retries, host_requests], ["main", 0, []]);
    assertEquals(duration_ms > 0 && fuel_consumed > 0 && ram_used > 0, true);
  }
  assertEquals(results, ["ab", "abc"]);
  const failed = await runOfSdk({ file: "sandbox.py", args: ["1 / 0"], cwd: folder.path });
  assertEquals([failed.success, failed.result], [false, null]);
  assertMatch(failed.error!.message, /division by zero/);
});

Deno.test("run() throws for a file that is not there, and for an option that there is not", async () => {
  using folder = project();
  await assertRejects(() => run({ file: "gone.ts", cwd: folder.path }), Error, "gone.ts");
  const options = { file: "gone.ts", capsulePath: "capsule" } as RunnerOptions;
  await assertRejects(() => run(options), Error, "capsulePath");
});
