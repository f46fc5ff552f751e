/** When a worker ends, and what holds it up. */
import { encodeFrame } from "../../protocol/frame.ts";
import { assertEquals, assertStringIncludes, assertTrue } from "../support/assert.ts";
import { childrenOf, eventually, isAlive, memoryBytes } from "../support/processes.ts";
import { CACHE, onTerminal, ROOT, startCli, warmEngines } from "../support/support.ts";
import { json, startWorker } from "./client.ts";

await warmEngines();

const LOOPS = "def main():\n  while True: pass";
const DENO = [Deno.execPath(), "run", "-A", "--no-check", "--quiet", `--config=${ROOT}deno.json`];

/** Starts a host with a worker, and waits until it says so. Linux tells which process that is. */
async function startHost(calls: number, said: string) {
  const host = new Deno.Command(DENO[0]!, {
    args: [...DENO.slice(1), `${ROOT}tests/worker/hosts/busy.ts`, `${calls}`],
    env: { CAPSULE_CACHE_DIR: CACHE },
    stdout: "piped",
  }).spawn();
  const reader = host.stdout.getReader();
  const { value } = await reader.read();
  assertEquals(new TextDecoder().decode(value), `${said}\n`);
  await reader.cancel();
  const [worker, ...others] = childrenOf(host.pid);
  assertEquals(others, []);
  return { host, worker: worker! };
}

Deno.test("the end of its input ends it", async () => {
  const { status, frames, stderr } = await (await startWorker()).end();
  assertEquals([status, frames, stderr], [0, [], ""]);
});

Deno.test("the end of standard input cancels running requests", async () => {
  const worker = await startWorker();
  for (const id of [1, 2, 3]) await worker.run(id, LOOPS, { observe: true });
  const started = new Set();
  while (started.size < 3) {
    const { id, header } = await worker.next();
    if ((header.event as { type: string }).type === "task_started") started.add(id);
  }
  const startedMs = performance.now();
  const { status } = await worker.end();
  assertEquals(status, 0);
  assertTrue(performance.now() - startedMs < 5000, "it took long");
});

Deno.test("a worker ends when its output is closed, though its input is open", async () => {
  const child = startCli(["worker"], { cwd: "/" });
  const reader = child.stdout.getReader();
  assertEquals((await reader.read()).done, false);
  await reader.cancel();
  const writer = child.stdin.getWriter();
  const payload = new TextEncoder().encode(JSON.stringify({ code: LOOPS, language: "python" }));
  await writer.write(encodeFrame(1, { type: "run", observe: true }, payload));
  assertEquals((await child.status).code, 0);
  assertEquals(await new Response(child.stderr).text(), "");
  await writer.close().catch(() => {});
});

Deno.test({
  name: "it ends with its parent, whether idle, busy, or with more to do than it may",
  ignore: Deno.build.os !== "linux",
  async fn() {
    for (const [calls, said] of [[0, "idle"], [3, "busy"], [1500, "busy"]] as const) {
      const { host, worker } = await startHost(calls, said);
      host.kill("SIGKILL");
      await host.status;
      assertTrue(await eventually(() => !isAlive(worker)), `the worker of ${calls} calls lives`);
    }
  },
});

Deno.test({
  name: "it ends when its parent does, though somebody else holds its pipes",
  ignore: Deno.build.os !== "linux",
  async fn() {
    const command = [...DENO, `${ROOT}cli.ts`, "worker"];
    const shell = new Deno.Command("sh", {
      args: ["-c", 'exec 3<&0; "$@" <&3 & wait', "sh", ...command],
      env: { CAPSULE_CACHE_DIR: CACHE },
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    const reader = shell.stdout.getReader();
    // It is ready.
    assertEquals((await reader.read()).done, false);
    const [worker] = childrenOf(shell.pid);
    shell.kill("SIGKILL");
    await shell.status;
    assertTrue(await eventually(() => !isAlive(worker!)), "it lives");
    await reader.cancel();
    await shell.stdin.close().catch(() => {});
  },
});

Deno.test("a worker ignores Ctrl-C, which its parent handles", async () => {
  await using worker = await startWorker();
  Deno.kill(worker.processId, "SIGINT");
  await worker.run(1, "def main(): return 1");
  assertEquals(json(await worker.answer()).result, 1);
});

Deno.test({
  name: "a client that does not read holds up what guests print",
  ignore: Deno.build.os !== "linux",
  async fn() {
    await using worker = await startWorker();
    const code = `def main(n):
  for _ in range(n): print("x" * 65535)`;
    await worker.run(1, code, { args: [1] });
    assertEquals(json(await worker.answer()).success, true);
    const before = memoryBytes("VmRSS", worker.processId);
    const mebibytes = 60;
    await worker.run(2, code, { observe: true, args: [16 * mebibytes] });
    for (let look = 0; look < 3; look++) {
      await new Promise((resolve) => setTimeout(resolve, 500));
      const held = memoryBytes("VmRSS", worker.processId) - before;
      assertTrue(held < 40 << 20, `it holds ${held} bytes`);
    }
    // Nothing is lost.
    let printed = 0;
    while (true) {
      const { header, payload } = await worker.next();
      if (header.type === "envelope") break;
      printed += payload.length;
    }
    assertEquals(printed, mebibytes << 20);
  },
});

Deno.test("what anything says to a console never comes between frames", async () => {
  const child = new Deno.Command(DENO[0]!, {
    args: [...DENO.slice(1), `${ROOT}tests/worker/hosts/noisy.ts`],
    env: { CAPSULE_CACHE_DIR: CACHE, NO_COLOR: "1" },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const output = child.output();
  await new Promise((resolve) => setTimeout(resolve, 500));
  await child.stdin.close();
  const { code, stdout, stderr } = await output;
  assertEquals(code, 0);
  const [frame, ...rest] = new TextDecoder().decode(stdout.subarray(12)).split("}");
  assertStringIncludes(frame!, '"type":"ready"');
  assertEquals(rest, [""]);
  const said = new TextDecoder().decode(stderr);
  for (const text of ["log", "info", "debug", "table", "dir", "dirxml", "count", "trace"]) {
    assertStringIncludes(said, text);
  }
});

Deno.test({
  name: "on a terminal it says what it is for",
  ignore: Deno.build.os !== "linux",
  async fn() {
    const shown = await onTerminal([...DENO, `${ROOT}cli.ts`, "worker"].join(" "), "/");
    assertStringIncludes(shown, "a worker needs pipes, not a terminal");
  },
});
