/** Programs in a worker process: what is the same as in this process, and what a worker that ends costs. */
import { CapsuleError } from "../../../errors/error.ts";
import type { RunEvent } from "../../../runner/events.ts";
import { open } from "../../../runner/open.ts";
import type { RunOptions } from "../../../runner/options/options.ts";
import { run } from "../../../runner/run.ts";
import { assertEquals, assertMatch, assertRejects, assertTrue } from "../../support/assert.ts";
import { eventually, isAlive, workersOf } from "../../support/processes.ts";
import { CACHE, project, ROOT, warmEngines } from "../../support/support.ts";

await warmEngines();

const isolation = "process";
const python = { language: "python", isolation } as const;
const typescript = { language: "typescript", isolation } as const;
const ECHO = "def main(*args): return list(args)";
/** Top-level code that does not end. */
const ENDLESS = "from capsule import task\n@task\ndef main(): pass\nwhile True: pass";
const SLEEP = `import { task } from "@capsule/sdk";
export const main = task({ name: "main" }, async (ms: number) => {
  await new Promise((end) => setTimeout(end, ms));
  return ms;
});`;
/** Only Linux tells which process is the worker. */
const ignore = Deno.build.os !== "linux";

function killWorker(): void {
  const workers = workersOf(Deno.pid);
  assertEquals(workers.length, 1);
  Deno.kill(workers[0]!, "SIGKILL");
}

Deno.test({
  name: "a program runs in another process, which all calls share",
  ignore,
  async fn() {
    const envelopes = await Promise.all(
      [1, 2, 3].map((n) => run({ ...python, code: ECHO, args: [n] })),
    );
    assertEquals(envelopes.map(({ result }) => result), [[1], [2], [3]]);
    assertEquals(workersOf(Deno.pid).length, 1);
  },
});

Deno.test({
  name: "a worker that is killed costs the calls in flight, and nothing else",
  ignore,
  async fn() {
    const code = `${SLEEP}\nexport const two = task({ name: "two" }, () => 2);`;
    await using program = await open({ ...typescript, code });
    const started = Promise.withResolvers<void>();
    const onEvent = ({ type }: RunEvent) => type === "task_started" && started.resolve();
    const inFlight = [
      program.call("main", [60_000], { onEvent }),
      run({ ...python, code: "def main():\n  while True: pass" }),
      program.call("main", [60_000]),
    ];
    await started.promise;
    killWorker();
    for (const { success, error } of await Promise.all(inFlight)) {
      assertEquals([success, error!.error_type], [false, "internal_error"]);
      assertMatch(error!.message, /^the worker process ended \(SIGKILL\)$/);
    }
    // The program is loaded again.
    assertEquals(program.tasks, ["main", "two"]);
    const again = await Promise.all([program.call("two"), program.call("main", [1])]);
    assertEquals(again.map(({ result }) => result), [2, 1]);
    assertEquals(workersOf(Deno.pid).length, 1);
  },
});

Deno.test({
  name: "calls that waited for their turn go to the next worker",
  ignore,
  async fn() {
    await using program = await open({ ...typescript, code: SLEEP });
    let started = 0;
    const full = Promise.withResolvers<void>();
    const onEvent = ({ type }: RunEvent) =>
      type === "task_started" && ++started === 1000 && full.resolve();
    const inFlight = Array.from(
      { length: 1000 },
      () => program.call("main", [60_000], { onEvent }),
    );
    const waiting = [program.call("main", [0]), run({ ...python, code: ECHO, args: ["late"] })];
    const controller = new AbortController();
    const { signal } = controller;
    const aborted = [
      program.call("main", [0], { signal }),
      run({ ...python, code: ECHO, signal }),
    ];
    const opening = open({ ...python, code: ECHO, signal });
    await full.promise;
    const abortedMs = performance.now();
    controller.abort(new Error("given up"));
    for (const { error } of await Promise.all(aborted)) {
      assertEquals(error, { error_type: "cancelled", message: "cancelled" });
    }
    await assertRejects(() => opening, Error, "given up");
    assertTrue(performance.now() - abortedMs < 500, "what waits is cancelled at once");
    killWorker();
    for (const { error } of await Promise.all(inFlight)) {
      assertEquals(error!.error_type, "internal_error");
    }
    const results = (await Promise.all(waiting)).map(({ result }) => result);
    assertEquals(results, [0, ["late"]]);
  },
});

Deno.test({
  name: "a program that is opened while the worker is killed is not open",
  ignore,
  async fn() {
    const opening = open({
      ...python,
      code: ENDLESS,
      onEvent: ({ type }) => type === "program_loading" && killWorker(),
    });
    const error = await assertRejects(
      () => opening,
      CapsuleError,
      "Cannot open the program: the worker process ended (SIGKILL)",
    );
    assertEquals(error.code, "internal");
    assertEquals((await run({ ...python, code: ECHO })).result, []);
  },
});

Deno.test("more calls than a worker takes at once all come back, in order of their results", async () => {
  await using program = await open({ ...typescript, code: SLEEP });
  const envelopes = await Promise.all(
    Array.from({ length: 2500 }, (_, n) => program.call("main", [n % 7])),
  );
  assertEquals(
    envelopes.map(({ result }) => result),
    Array.from({ length: 2500 }, (_, n) => n % 7),
  );
});

Deno.test("events and output are those of a program in this process", async () => {
  const code = `from capsule import task
import sys
@task(max_retries=1)
def part(n):
    print("part", n, "\\0é")
    sys.stderr.write("no newline")
    raise ValueError(n)
@task
def main(): return part(1)["error"]["error_type"]`;
  const events = async (isolation: "sandbox" | "process") => {
    const seen: unknown[] = [];
    const onEvent = (event: RunEvent) => {
      const { durationMs: _, ramUsed, fuelConsumed, ...rest } = event as Record<string, unknown>;
      if (ramUsed !== undefined) assertTrue(Number(ramUsed) > 0 && Number(fuelConsumed) > 0, "");
      seen.push(rest);
    };
    const options = { language: "python", policy: "declared" } as const;
    const { result } = await run({ ...options, code, isolation, onEvent });
    assertEquals(result, "task_error");
    return seen;
  };
  const [here, there] = [await events("sandbox"), await events("process")];
  assertEquals(there, here);
  assertEquals(here.filter((event) => (event as RunEvent).type === "output").length, 4);
});

Deno.test("calls are cancelled, at whatever they are", async () => {
  const loops = "from capsule import task\n@task(compute='HIGH')\ndef main():\n  while True: pass";
  const cancelled = { error_type: "cancelled", message: "cancelled" };
  const before = await run({ ...python, code: loops, signal: AbortSignal.abort() });
  assertEquals(before.error, cancelled);
  const loading = await run({
    ...python,
    code: ENDLESS,
    signal: AbortSignal.timeout(200),
  });
  assertEquals([loading.error, loading.execution.task_name], [cancelled, "main"]);
  const running = await run({ ...python, code: loops, signal: AbortSignal.timeout(200) });
  assertEquals(running.error, cancelled);
  await using program = await open({ ...python, code: loops });
  const called = await program.call("main", [], { signal: AbortSignal.timeout(200) });
  assertEquals([called.error, called.execution.task_name], [cancelled, "main"]);
  const reason = new Error("no more");
  const opening = open({ ...python, code: ECHO, signal: AbortSignal.abort(reason) });
  assertEquals(await assertRejects(() => opening), reason);
});

Deno.test("a listener that throws ends only its own run", async () => {
  const other = run({ ...typescript, code: SLEEP, args: [300] });
  const options: RunOptions = {
    ...python,
    code: "from capsule import task\n@task(compute='HIGH')\ndef main():\n  while True: pass",
    onEvent({ type }) {
      if (type === "task_started") throw new Error("of the listener");
    },
  };
  await assertRejects(() => run(options), Error, "of the listener");
  const onEvent = () => {
    throw new Error("while it loads");
  };
  await assertRejects(() => open({ ...python, code: ECHO, onEvent }), Error, "while it loads");
  assertEquals((await other).result, 300);
});

Deno.test("a program that is closed is not called, and its calls that run go on", async () => {
  const program = await open({ ...typescript, code: SLEEP });
  const running = program.call("main", [200]);
  program.close();
  program.close();
  await assertRejects(() => program.call("main", [1]), CapsuleError, "the program is closed");
  assertEquals((await running).result, 200);
});

Deno.test("mistakes of the host's side are those of this process, code, message and hint", async () => {
  using folder = project({ "bad.ts": "export const x = ;", "capsule.toml": "[tasks]\nx = 1\n" });
  using plain = project({ "ok.py": ECHO });
  const mistakes: Record<string, unknown>[] = [
    { file: "missing.py" },
    { file: "bad.ts", cwd: `${folder.path}/..`, code: "" },
    { file: "ok.py", cwd: folder.path },
    { file: "ok.py", task: "nope" },
    { file: "ok.py", mounts: ["../x"] },
    { file: "ok.py", env: { A: 1 } },
    { file: "ok.py", env: { A: undefined } },
    { file: "ok.py", policy: "all" },
    { file: "ok.py", policy: () => "none" },
    { file: "ok.py", args: [1n] },
    { file: "ok.py", args: "text" },
    { file: "ok.py", cwd: "/missing/folder" },
    { file: new URL(`file://${plain.path}/ok.py`) },
    { code: "", language: "ruby" },
    { file: "ok.py", isolation: "container" },
  ];
  for (const mistake of mistakes) {
    const failed = async (isolation: string) => {
      const options = { cwd: plain.path, isolation, ...mistake } as RunOptions;
      const { code, message, hint } = await assertRejects(() => run(options), CapsuleError);
      return { code, message, hint };
    };
    assertEquals(await failed("process"), await failed("sandbox"), String(Object.values(mistake)));
  }
});

Deno.test("a program sees the environment of the time of the call", async () => {
  using folder = project({
    ".env": "ISOLATION_B=file\nISOLATION_A=file",
    "main.py": `from capsule import task
import os
@task(env_variables=["ISOLATION_A", "ISOLATION_B"])
def main(): return [os.environ.get("ISOLATION_A"), os.environ.get("ISOLATION_B")]`,
  });
  const options = { file: "main.py", cwd: folder.path, isolation } as const;
  try {
    assertEquals((await run(options)).result, ["file", "file"]);
    await using before = await open(options);
    Deno.env.set("ISOLATION_A", "é1");
    assertEquals((await run(options)).result, ["é1", "file"]);
    assertEquals((await run({ ...options, env: { ISOLATION_A: "given" } })).result, [
      "given",
      "file",
    ]);
    Deno.env.delete("ISOLATION_A");
    Deno.env.set("ISOLATION_B", "");
    assertEquals((await run(options)).result, ["file", ""]);
    // As in this process: a program that is open keeps what it was given.
    assertEquals((await before.call("main")).result, ["file", "file"]);
  } finally {
    Deno.env.delete("ISOLATION_A");
    Deno.env.delete("ISOLATION_B");
  }
});

/** Runs a host as a process of its own, under this folder. */
async function host(code: string, cwd: string, env: Record<string, string> = {}) {
  const file = `${cwd}/host.ts`;
  const imports = `import { open, run } from "${ROOT}runner.ts";
import { workersOf } from "${ROOT}tests/support/processes.ts";\n`;
  Deno.writeTextFileSync(file, imports + code);
  const { code: status, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", "--quiet", `--config=${ROOT}deno.json`, file],
    cwd,
    env: { CAPSULE_CACHE_DIR: CACHE, NO_COLOR: "1", ...env },
  }).output();
  const decoder = new TextDecoder();
  return { status, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

Deno.test({
  name: "a host ends by itself, and its worker with it, whatever is left open",
  ignore,
  async fn() {
    using folder = project();
    const rest: [string, number][] = [
      ["", 0],
      ["program.call('late'); Deno.exit(7);", 7],
      ["program.call('late'); setTimeout(() => { throw new Error('thrown'); }, 50);", 1],
    ];
    for (const [last, status] of rest) {
      const ended = await host(
        `
const code = "from capsule import task\\n@task\\ndef late():\\n  import time\\n  time.sleep(60)\\n" +
  "def main(n): return n";
const isolation = "process", language = "python";
const first = await run({ code, language, isolation, args: [1] });
const program = await open({ code, language, isolation });
const second = await program.call("main", [2]);
const cancelled = await program.call("late", [], { signal: AbortSignal.timeout(50) });
console.log(workersOf(Deno.pid).join(), first.result, second.result, cancelled.error.error_type);
${last}`,
        folder.path,
      );
      assertEquals(ended.status, status, ended.stderr);
      const [worker, ...said] = ended.stdout.trimEnd().split(" ");
      assertEquals(said, ["1", "2", "cancelled"]);
      assertTrue(await eventually(() => !isAlive(Number(worker))), `the worker lives: ${last}`);
    }
  },
});

Deno.test({
  name: "a worker that nobody needs ends, and one with an open program does not",
  ignore,
  async fn() {
    using folder = project();
    const { status, stdout, stderr } = await host(
      `
const isolation = "process", language = "python", code = "def main(): return 1";
const program = await open({ code, language, isolation });
const [first] = workersOf(Deno.pid);
await new Promise((resolve) => setTimeout(resolve, 10_500));
console.log((await program.call("main")).result, workersOf(Deno.pid)[0] === first);
program.close();
await new Promise((resolve) => setTimeout(resolve, 11_500));
console.log(workersOf(Deno.pid).length);
console.log((await run({ code, language, isolation })).result, workersOf(Deno.pid).length);`,
      folder.path,
    );
    assertEquals([status, stdout], [0, "1 true\n0\n1 1\n"], stderr);
  },
});

Deno.test("a relative folder is that of this process, also when it has changed", async () => {
  using folder = project({
    "a/main.py": "def main(): return 'a'",
    "b/main.py": "def main(): return 'b'",
  });
  const { stdout, stderr } = await host(
    `
const results = [];
const call = async (options) => results.push((await run({ isolation: "process", ...options })).result);
await call({ file: "a/main.py" });
Deno.chdir("a");
await call({ file: "main.py" });
await call({ file: "main.py", cwd: "../b" });
console.log(results.join());`,
    folder.path,
  );
  assertEquals([stdout, stderr], ["a,a,b\n", ""]);
});

Deno.test("nothing of the current folder has a say in how a worker starts", async () => {
  const evil = `import "node:fs"; (await import("node:fs")).writeFileSync("/tmp/" + "NAME", "");`;
  const mark = `capsule-evil-${crypto.randomUUID()}`;
  const code = evil.replace("NAME", mark);
  const manifest = (name: string) => JSON.stringify({ name, version: "9.9.9", main: "index.js" });
  const tool = `#!/bin/sh\ntouch /tmp/${mark}\nexit 1\n`;
  using folder = project({
    "deno.json": JSON.stringify({ imports: { "smol-toml": "./evil.ts", esbuild: "./evil.ts" } }),
    "package.json": JSON.stringify({ dependencies: { "smol-toml": "9.9.9" } }),
    "node_modules/smol-toml/package.json": manifest("smol-toml"),
    "node_modules/smol-toml/index.js": code,
    "node_modules/@capsule/sdk/package.json": manifest("@capsule/sdk"),
    "node_modules/@capsule/sdk/dist/cli.js": code,
    "evil.ts": code,
    "cli.ts": code,
    "deno": tool,
    "node": tool,
    "capsule": tool,
    "capsule.toml": "[tasks]\ndefault_timeout = '30s'\n",
    "main.ts":
      `import { task } from "@capsule/sdk"; export const main = task({ name: "main" }, () => 1);`,
  });
  for (const name of ["deno", "node", "capsule"]) Deno.chmodSync(`${folder.path}/${name}`, 0o755);
  const { status, stdout, stderr } = await host(
    `Deno.env.set("NODE_OPTIONS", "--require ${folder.path}/evil.ts");
console.log((await run({ file: "main.ts", isolation: "process" })).result);`,
    folder.path,
    { PATH: `${folder.path}:${Deno.env.get("PATH")}` },
  );
  assertEquals([status, stdout], [0, "1\n"], stderr);
  assertEquals(await eventually(() => existsFile(`/tmp/${mark}`), 100), false);
});

Deno.test("a worker starts no worker", async () => {
  using folder = project();
  const { status, stderr } = await host(
    `await run({ code: "", language: "python", isolation: "process" });`,
    folder.path,
    { CAPSULE_WORKER: "1" },
  );
  assertEquals(status, 1);
  assertMatch(stderr, /Cannot start a worker process: this process is one/);
});

function existsFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}
