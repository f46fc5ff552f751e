/** A capsule.toml that came with somebody's program: it lowers limits, and does nothing else. */
import {
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertTrue,
} from "../../support/assert.ts";
import { cli, project, runOrThrow as run } from "../../support/support.ts";
import { BUDGET_DEFAULTS, budgetOf } from "../../../runner/policy/budget.ts";
import { readConfig, readConfinedConfig } from "../../../runner/config/config.ts";
import { defaultsOf, limitsOf } from "../../../runner/policy/limits.ts";
import { DEFAULTS } from "../../../runner/policy/policy.ts";
import { CapsuleError } from "@capsule/sdk/runner";

/** All that a file may set, as high as it may be. */
const HIGHEST = `
[workflow]
entrypoint = "main.ts"
[tasks]
default_compute = 9007199254740991
default_ram = "4GB"
default_timeout = "1h"
default_max_retries = 100
default_allowed_files = ["data"]
default_allowed_hosts = ["*"]
default_env_variables = ["HOME"]
[budget]
tasks_alive = 10000
tasks = 10000000
task_depth = 256
json_size = "256MB"
output_size = "256MB"
handles = 100000
requests = 100000
body_size = "256MB"`;

Deno.test("a stranger's capsule.toml raises nothing and grants nothing", async () => {
  using folder = project({ "capsule.toml": HIGHEST });
  const { defaults, limits } = await readConfinedConfig(folder.path);
  const untrusted = { fuel: 50_000_000_000, memoryBytes: 512 * 2 ** 20, timeoutMs: 30_000 };
  assertEquals(defaultsOf(limitsOf({}, false), defaults, false), { ...DEFAULTS, ...untrusted });
  const given = { fuel: 5, timeoutMs: 60_000, maxRetries: 2 };
  assertEquals(
    defaultsOf(limitsOf(given, false), defaults, false),
    { ...DEFAULTS, ...untrusted, fuel: 5, timeoutMs: 60_000 },
  );
  const { ram_bytes: _, ...byDefault } = BUDGET_DEFAULTS;
  assertEquals(budgetOf({}, limits, false), byDefault);
  const host = { tasks_alive: 7, ram_bytes: 1 << 30 };
  assertEquals(budgetOf(host, limits, false), { ...BUDGET_DEFAULTS, ...host });
  assertEquals((await readConfig(folder.path)).defaults.maxRetries, 100);
});

Deno.test("a stranger's capsule.toml may lower limits", async () => {
  using folder = project({
    "capsule.toml": `[tasks]\ndefault_compute = 5\ndefault_timeout = "1s"\ndefault_ram = "64MB"
      [budget]\ntasks_alive = 3\njson_size = "1KB"`,
  });
  const { defaults, limits } = await readConfinedConfig(folder.path);
  const lowered = { fuel: 5, timeoutMs: 1000, memoryBytes: 64 << 20 };
  assertEquals(defaultsOf(limitsOf({}, false), defaults, false), { ...DEFAULTS, ...lowered });
  assertEquals(limits, { tasks_alive: 3, json_bytes: 1024 });
});

Deno.test("a program under a policy runs within the default limits, whatever its capsule.toml says", async () => {
  const code = `import { task } from "@capsule/sdk"; import fs from "node:fs";
    task({ name: "main" }, async () => {
      const seen = { home: process.env.HOME ?? null };
      try { seen.file = fs.readFileSync("/data/a", "utf8"); } catch (error) { seen.file = error.code; }
      try { seen.host = (await fetch("http://127.0.0.1:8765/")).status; } catch (error) { seen.host = error.message; }
      return seen;
    });
    task({ name: "fails" }, () => { throw new Error("once"); });`;
  using folder = project({ "capsule.toml": HIGHEST, "main.ts": code, "data/a": "a" });
  for (const isolation of ["sandbox", "process"] as const) {
    for (const source of [{ file: "main.ts" }, { code, language: "typescript" }] as const) {
      const options = { ...source, cwd: folder.path, policy: "none", isolation } as const;
      const seen = (await run<Record<string, unknown>>(options)).result!;
      const { host, ...rest } = seen;
      assertEquals(rest, { home: null, file: "ENOENT" });
      assertStringIncludes(String(host), "127.0.0.1");
      assertStringIncludes(String(host), "allowedHosts");
      const failed = await run({ ...options, task: "fails" });
      assertEquals(failed.execution.retries, 0);
    }
  }
});

Deno.test("even a trusted capsule.toml has ceilings, which errors name", async () => {
  const values = {
    "tasks_alive = 100000": "must be a whole number from 1 to 10000",
    "tasks = 100000000": "must be a whole number from 1 to 10000000",
    "task_depth = 1000": "must be a whole number from 1 to 256",
    'json_size = "1GB"': "must be at most 256 MB",
    'output_size = "1GB"': "must be at most 256 MB",
    "handles = 1000000": "must be a whole number from 1 to 100000",
    "requests = 1000000": "must be a whole number from 1 to 100000",
    'body_size = "257MB"': "must be at most 256 MB",
  };
  for (const [line, problem] of Object.entries(values)) {
    using folder = project({
      "capsule.toml": `[budget]\n${line}`,
      "main.py": "def main(): return 1",
    });
    for (const policy of ["none", "declared"] as const) {
      const call = () => run({ file: "main.py", cwd: folder.path, policy });
      const error = await assertRejects(call, CapsuleError, problem);
      assertEquals(error.code, "invalid_config");
      assertStringIncludes(error.message, `capsule.toml:2: budget.${line.split(" ")[0]}`);
    }
  }
});

Deno.test("the table that was called [limits] is refused with its new name", async () => {
  using folder = project({ "capsule.toml": "[limits]\nhandles = 1" });
  const error = await assertRejects(() => readConfig(folder.path), CapsuleError);
  assertStringIncludes(error.message, "capsule.toml:1: limits: unknown table");
  assertStringIncludes(error.hint!, "[budget]");
});

Deno.test("an entrypoint lies in its project", async () => {
  using folder = project({
    "other/own.py": "def main(): return 'somebody else'",
    "app/own.py": "def main(): return 'own'",
    "app/sub/own.py": "def main(): return 'own'",
  });
  Deno.symlinkSync("../other/own.py", `${folder.path}/app/link.py`);
  Deno.symlinkSync("../other", `${folder.path}/app/linked`);
  const called = async (entrypoint: string) => {
    folder.write("app/capsule.toml", `[workflow]\nentrypoint = ${JSON.stringify(entrypoint)}`);
    return await cli(["run"], { cwd: `${folder.path}/app` });
  };
  const outside = [
    "../other/own.py",
    "sub/../../other/own.py",
    `${folder.path}/other/own.py`,
    "link.py",
    "linked/own.py",
    "..",
  ];
  for (const entrypoint of outside) {
    const { status, stdout, stderr } = await called(entrypoint);
    assertEquals([status, stdout], [2, ""], stderr);
    assertStringIncludes(stderr, "capsule.toml:2: workflow.entrypoint");
    assertStringIncludes(stderr, "must be a path inside the project");
  }
  for (const entrypoint of ["own.py", "./sub/own.py", "sub/../own.py"]) {
    assertEquals((await called(entrypoint)).stdout, "own\n");
  }
  const long = await called(`${"x".repeat(5000)}.py`);
  assertEquals(long.status, 2);
});

Deno.test("what is nested, long or many in a capsule.toml is refused in time, and shown in short", async () => {
  const room = 64 << 10;
  const texts = {
    "nested arrays": `a = ${"[".repeat(100_000)}${"]".repeat(100_000)}`,
    "nested inline tables": `a = ${"{a=".repeat(60_000)}1${"}".repeat(60_000)}`,
    "a long dotted key": `${"a.".repeat(room / 2 - 10)}a = 1`,
    "a long table name": `[${"a.".repeat(room / 2 - 10)}a]`,
    "a long key": `${"a".repeat(room - 10)} = 1`,
    "a long quoted key": `"${"a".repeat(room - 10)}" = 1`,
    "a long value": `[workflow]\nname = "${"a".repeat(room - 40)}"\nx = 1`,
    "a long number": `[tasks]\ndefault_compute = ${"9".repeat(room - 40)}`,
    "a long size": `[tasks]\ndefault_ram = "${"9".repeat(room - 50)}"`,
    "spaces in a size": `[tasks]\ndefault_ram = "${" ".repeat(room - 50)}x"`,
    "spaces in a time": `[tasks]\ndefault_timeout = "1${" ".repeat(room - 50)}x"`,
    "a long host": `[tasks]\ndefault_allowed_hosts = ["${"a.".repeat(room / 2 - 50)}?"]`,
    "spaces": " ".repeat(room - 1) + "x",
    "spaces before a sign": `a${" ".repeat(room - 10)}x`,
    "many tables": "[a]\n".repeat(room / 4 - 1),
    "many keys": Array.from({ length: 20_000 }, (_, n) => `k${n} = 1`).join("\n"),
    "many dotted keys": Array.from({ length: 15_000 }, (_, n) => `tasks.k${n} = 1`).join("\n"),
    "many arrays of tables": "[[a]]\n".repeat(room / 6 - 1),
    "many brackets": "[".repeat(room - 1),
    "one key twice": "__proto__ = 1\n__proto__ = 2",
    "a prototype": "[__proto__]\ncompute = 1\n[constructor]\nx = 1",
    "quotes": `a = ${'"'.repeat(room - 10)}`,
    "comments": "#".repeat(room - 1) + "\nx",
    "no UTF-8": new Uint8Array([0x61, 0xff, 0xfe]),
    "NUL": "\0".repeat(1000),
    "too large": " ".repeat(room + 1),
    "far too large": " ".repeat(5 << 20),
  };
  await readConfigOf("a = 1").catch(() => {});
  for (const [name, text] of Object.entries(texts)) {
    const startedMs = performance.now();
    const error = await assertRejects(() => readConfigOf(text), CapsuleError);
    assertEquals(error.code, "invalid_config", name);
    assertTrue(error.message.length < 600, `${name}: ${error.message.length} characters`);
    const spentMs = performance.now() - startedMs;
    assertTrue(spentMs < 1000, `${name} took ${spentMs} ms`);
  }
});

async function readConfigOf(text: string | Uint8Array): Promise<unknown> {
  using folder = project();
  folder.write("capsule.toml", text);
  return await readConfig(folder.path);
}

Deno.test("settings that are no regular file are refused, and nobody waits for them", async () => {
  for (const name of ["capsule.toml", ".env", ".env.local", ".env.development"]) {
    for (const kind of ["pipe", "device", "large", "loop"]) {
      using folder = project();
      const path = `${folder.path}/${name}`;
      if (kind === "pipe") new Deno.Command("mkfifo", { args: [path] }).outputSync();
      if (kind === "device") Deno.symlinkSync("/dev/zero", path);
      if (kind === "loop") Deno.symlinkSync(name, path);
      if (kind === "large") {
        using file = Deno.openSync(path, { create: true, write: true });
        file.truncateSync(2 ** 40);
      }
      const code = `import { task } from "@capsule/sdk";
        task({ name: "main", envVariables: ["ABSENT"] }, () => 1);`;
      const options = { cwd: folder.path, policy: "declared" } as const;
      const call = () => run({ code, language: "typescript", ...options });
      assertEquals(await codeOf(call), "invalid_config", `${name}: ${kind}`);
    }
  }
});

async function codeOf(call: () => Promise<unknown>): Promise<string> {
  try {
    await call();
    return "ok";
  } catch (error) {
    if (!(error instanceof CapsuleError)) throw error;
    return error.code;
  }
}

Deno.test("an .env of any text is read in time", async () => {
  const room = (64 << 10) - 20;
  const texts = [
    "=".repeat(room),
    "A=".repeat(room / 2),
    `A="${"\\n".repeat(room / 2 - 5)}`,
    `${" ".repeat(room)}x`,
    "export ".repeat(room / 7),
    `A=${'"'.repeat(room)}`,
    "A=1\n".repeat(room / 4),
    "#".repeat(room),
    "\n".repeat(room),
    `__proto__=1\nconstructor=2`,
  ];
  const code = `import { task } from "@capsule/sdk";
    task({ name: "main", envVariables: ["ABSENT"] }, () => 1);`;
  for (const text of texts) {
    using folder = project({ ".env": text });
    const options = { cwd: folder.path, policy: "declared" } as const;
    await run({ code, language: "typescript", ...options });
    const startedMs = performance.now();
    await run({ code, language: "typescript", ...options });
    assertTrue(performance.now() - startedMs < 1000, text.slice(0, 20));
  }
});

Deno.test("a stranger's capsule.toml that is a link elsewhere is neither read nor quoted", async () => {
  using folder = project({
    "secret.toml": '[budget]\nram = "hunter2"',
    "up/main.py": "def main(): return 1",
  });
  Deno.symlinkSync("../secret.toml", `${folder.path}/up/capsule.toml`);
  for (const isolation of ["sandbox", "process"] as const) {
    const call = () => run({ file: "up/main.py", cwd: folder.path, policy: "none", isolation });
    const error = await assertRejects(call, CapsuleError, "it leads out of its folder");
    assertEquals([error.code, error.message.includes("hunter2")], ["invalid_config", false]);
  }
});

Deno.test("a stranger's capsule.toml does not move what the host mounts", async () => {
  const code = `import os\ndef main(): return os.listdir("/data")`;
  using folder = project({
    "data/host": "",
    "up/data/stranger": "",
    "up/main.py": code,
    "up/capsule.toml": "",
  });
  const options = { cwd: folder.path, policy: "none" as const, mounts: ["data:ro"] };
  assertEquals((await run({ file: "up/main.py", ...options })).result, ["host"]);
  folder.write("capsule.toml", "");
  assertEquals((await run({ file: "up/main.py", ...options })).result, ["host"]);
});
