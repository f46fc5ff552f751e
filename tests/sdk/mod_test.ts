import { run } from "../../mod.ts";
import { assertEquals, assertMatch } from "../support/assert.ts";
import { project, ROOT, warmEngines } from "../support/support.ts";

await warmEngines();

Deno.test("the SDK runs programs, and loads the runner for the first of them", async () => {
  using app = project({
    "import.ts": `import { task } from "${ROOT}mod.ts";
      task({ name: "main" }, () => 1);
      const loaded = Deno.readTextFileSync("/proc/self/maps").includes("libcapsule");
      console.log(loaded);`,
  });
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", `--config=${ROOT}deno.json`, "import.ts"],
    cwd: app.path,
  }).output();
  assertEquals(new TextDecoder().decode(stdout), "false\n");

  const code =
    `import { task } from "@capsule/sdk"; export const main = task({ name: "main" }, () => 7);`;
  assertEquals((await run({ code, language: "typescript" })).result, 7);
});

Deno.test("in a sandbox, the error of run() says what to use instead", async () => {
  const code = `import { run, task } from "@capsule/sdk";
    export const main = task({ name: "main" }, () => run({ code: "1", language: "python" }));`;
  const { error } = await run({ code, language: "typescript" });
  assertEquals(error?.error_type, "task_error");
  assertMatch(error!.message, /run\(\) of @capsule\/sdk is for hosts: in a sandbox, call tasks/);
});
