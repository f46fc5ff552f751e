/**
 * The wheel on each version of Python, in an environment of its own with nothing else on the path: no
 * Deno, no Rust, no checkout.
 */
import { assertEquals, assertMatch, assertTrue } from "../support/assert.ts";
import { ROOT, warmEngines } from "../support/support.ts";
import { type App, installedApp, type Python, PYTHONS } from "./support.ts";

const HOSTS = `${ROOT}tests/python/hosts`;

await warmEngines();
for (const python of PYTHONS) {
  Deno.test(`Python ${python.version}: the package`, (context) => tryAll(python, context));
}

async function tryAll(python: Python, context: Deno.TestContext): Promise<void> {
  using app = await installedApp(python);

  await context.step("every case of the contract", async () => {
    const args = [`${HOSTS}/contract.py`, `${ROOT}tests/contract`];
    const { status, stdout, stderr } = await app.run("python", args, { timeoutMs: 300_000 });
    assertEquals(status, 0, stderr);
    const { ran, failed } = JSON.parse(stdout);
    assertEquals(failed, []);
    assertTrue(ran >= 60, `${ran} cases`);
  });

  for (
    const [what, host] of [
      ["whatever ends a wait ends the run", "cancels.py"],
      ["threads, event loops and too many requests at once", "threads.py"],
      ["forks have workers of their own", "forks.py"],
      ["a killed worker is told of, and replaced", "lost.py"],
    ] as const
  ) {
    await context.step(what, async () => {
      const { status, stdout, stderr } = await app.run("python", [`${HOSTS}/${host}`]);
      assertEquals([status, stdout], [0, "ok\n"], stderr);
    });
  }

  await context.step("a process ends by itself, and its worker with it", async () => {
    const startedMs = performance.now();
    // Warnings are errors: of a process that is left over, for one.
    const args = ["-X", "dev", "-W", "error", `${HOSTS}/ends.py`];
    const { status, stdout, stderr } = await app.run("python", args, { timeoutMs: 30_000 });
    assertEquals([status, stderr], [0, ""]);
    assertMatch(stdout, /^0 0 task_finished \d+\n$/);
    await assertGone(Number(stdout.trim().split(" ").at(-1)));
    const tookMs = performance.now() - startedMs;
    assertTrue(tookMs < 20_000, `it took ${tookMs} ms`);
  });

  for (const worker of ["cold", "warm", "threads"]) {
    await context.step(`calls while the interpreter shuts down never hang: ${worker}`, async () => {
      const { status, stdout, stderr } = await app.run("python", [`${HOSTS}/shutdown.py`, worker], {
        timeoutMs: 30_000,
      });
      assertEquals([status, stderr], [0, ""]);
      const lines = stdout.trim().split("\n");
      const refused =
        "invalid_argument Cannot run programs: the Python interpreter is shutting down";
      for (const line of lines) {
        const [name, ...outcome] = line.split(" ");
        // Since Python 3.12, functions of atexit start no thread.
        const isCall = name === "atexit" && /^[1-4]$/.test(outcome.join(" "));
        assertTrue(isCall || outcome.join(" ") === refused, line);
      }
      assertEquals(lines.length, { cold: 6, warm: 8, threads: 4 }[worker], stdout);
    });
  }

  await context.step("a worker ends with a host that is killed, beside a fork of it", async () => {
    const host = app.command("python", [`${HOSTS}/endless.py`]).spawn();
    const [child, worker] = await firstLine(host);
    host.kill("SIGKILL");
    try {
      await assertGone(worker!);
    } finally {
      Deno.kill(child!, "SIGKILL");
      await host.stderr.cancel();
      await host.status;
    }
  });

  await context.step("the command and the module", () => tryCommand(app));
}

async function tryCommand(app: App): Promise<void> {
  Deno.copyFileSync(`${ROOT}examples/hello.py`, `${app.path}/hello.py`);
  for (const capsule of [["capsule"], ["python", "-m", "capsule"]]) {
    const [program, ...args] = [...capsule, "run", "hello.py", "Ada"];
    const ran = await app.run(program!, args);
    assertEquals(ran, { status: 0, stdout: "Hello, Ada!\n", stderr: "" });
  }
}

async function firstLine(process: Deno.ChildProcess): Promise<number[]> {
  const reader = process.stdout.getReader();
  const { value } = await reader.read();
  await reader.cancel();
  return new TextDecoder().decode(value).trim().split(" ").map(Number);
}

/** Within seconds. */
async function assertGone(process: number): Promise<void> {
  for (let tries = 0; tries < 500; tries++) {
    if (!isAlive(process)) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`process ${process} still runs`);
}

function isAlive(process: number): boolean {
  try {
    const stat = Deno.readTextFileSync(`/proc/${process}/stat`);
    return stat.slice(stat.lastIndexOf(")")).split(" ")[1] !== "Z";
  } catch {
    return false;
  }
}
