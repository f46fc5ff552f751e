import { assertEquals, assertRejects, assertStringIncludes } from "../../support/assert.ts";
import { project, runOrThrow as run } from "../../support/support.ts";
import { readConfig } from "../../../runner/config/config.ts";
import { CapsuleError } from "@capsule/sdk/runner";

Deno.test("without capsule.toml, there are no defaults", async () => {
  using folder = project();
  assertEquals(await readConfig(folder.path), {
    defaults: {},
    secrets: {},
    limits: {},
  });
});

Deno.test("all keys are read", async () => {
  using folder = project({
    "capsule.toml": `
      [workflow]
      name = "My workflow"
      version = "1.0.0"
      entrypoint = "src/main.py"

      [tasks]
      default_compute = "LOW"
      default_ram = "256MB"
      default_timeout = "30s"
      default_max_retries = 2
      default_env_variables = ["HOME"]
      default_allowed_files = [{ path = "data", mode = "ro" }]
      default_allowed_hosts = ["https://x.com"]

      [budget]
      tasks_alive = 10
      tasks = 20
      task_depth = 3
      json_size = "1MB"
      output_size = 1000
      handles = 50
      requests = 60
      body_size = "1MB"
    `,
  });
  assertEquals(await readConfig(folder.path), {
    entrypoint: "src/main.py",
    defaults: {
      fuel: 1e8,
      memoryBytes: 256 * 2 ** 20,
      timeoutMs: 30_000,
      maxRetries: 2,
      allowedFiles: [{ path: "data", readOnly: true }],
      allowedHosts: [{ scheme: "https", host: "x.com", subdomains: false, port: null }],
      envVariables: ["HOME"],
    },
    secrets: {},
    limits: {
      tasks_alive: 10,
      tasks_total: 20,
      task_depth: 3,
      json_bytes: 2 ** 20,
      output_bytes: 1000,
      handles: 50,
      requests: 60,
      body_bytes: 2 ** 20,
    },
  });
});

Deno.test("a mistake is named with its line and key", async () => {
  const mistakes = [
    ["[workflow]\nname = 5", "capsule.toml:2: workflow.name: must be text (got 5)"],
    [
      "# x\n[tasks]\n\ndefault_ram = '1 parsec'",
      "capsule.toml:4: tasks.default_ram: must be a size",
    ],
    [
      "tasks.default_compute = -1",
      "capsule.toml:1: tasks.default_compute: must be LOW, MEDIUM, HIGH",
    ],
    ["[tasks]\ndefault_name = 'x'", "capsule.toml:2: tasks.default_name: unknown key"],
    ["[tasks]\ndefault_allowed_hosts = ['x/y']", "capsule.toml:2: tasks.default_allowed_hosts"],
    ["\n[task]\nx = 1", "capsule.toml:2: task: unknown table; expected one of workflow, tasks"],
    ["budget = 5", "capsule.toml:1: budget: must be a table: [budget]"],
    ["[budget]\nhandles = 0", "capsule.toml:2: budget.handles: must be a whole number from 1"],
    [
      "[budget]\njson_size = '2GB'",
      'capsule.toml:2: budget.json_size: must be at most 256 MB (got "2GB")',
    ],
    ["[budget]\n'task_depth' = 1.5", "capsule.toml:2: budget.task_depth: must be a whole number"],
    ["[workflow]\nentrypoint = ", "capsule.toml:2:14: "],
  ] as const;
  for (const [text, message] of mistakes) {
    using folder = project({ "capsule.toml": text });
    const error = await assertRejects(() => readConfig(folder.path), CapsuleError);
    assertEquals(error.code, "invalid_config");
    assertStringIncludes(error.message, message);
  }
});

Deno.test("defaults of the project apply to tasks without options, which override them", async () => {
  using folder = project({
    "capsule.toml":
      `[tasks]\ndefault_timeout = "100ms"\ndefault_max_retries = 1\n[budget]\ntasks = 4`,
    "src/main.ts": `import { task } from "@capsule/sdk";
      const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
      const slow = task({ name: "slow" }, () => sleep(300));
      const patient = task({ name: "patient", timeout: "10s" }, () => sleep(300));
      task({ name: "main", timeout: "10s", maxRetries: 0 }, async () => {
        const calls = [...await Promise.all([slow(), patient()]), await slow()];
        return calls.map((call) => [call.error?.error_type, call.execution.retries]);
      });`,
  });
  const { result, error } = await run({ file: "src/main.ts", cwd: folder.path });
  assertEquals(error, null);
  assertEquals(result, [["timeout", 1], [null, 0], ["task_limit", 0]]);
});

Deno.test("settings are read from regular files only, as opening a pipe can block", async () => {
  for (const name of ["capsule.toml", ".env"]) {
    using app = project();
    new Deno.Command("mkfifo", { args: [`${app.path}/${name}`] }).outputSync();
    const code = `import os
from capsule import task
@task(env_variables=["ABSENT"])
def main(): return os.environ.get("ABSENT")`;
    const call = () => run({ code, language: "python", cwd: app.path, policy: "declared" });
    const error = await assertRejects(call, CapsuleError, "it is not a regular file");
    assertEquals(error.code, "invalid_config");
    assertStringIncludes(error.message, `/${name}"`);
    Deno.removeSync(`${app.path}/${name}`);
    Deno.mkdirSync(`${app.path}/${name}`);
    assertEquals((await call()).success, true);
  }
});
