/** Processes that are ended from outside: what they started ends with them, and the trace says so. */
import { assertEquals, assertStringIncludes, assertTrue } from "../../support/assert.ts";
import { cli, project, startCli, warmEngines } from "../../support/support.ts";
import { LANGUAGES } from "../attack.ts";

await warmEngines();

const PROGRAMS = {
  "main.ts": `import { task } from "@capsule/sdk";
const quick = task({ name: "quick" }, () => 1);
const spins = task({ name: "spins", compute: "HIGH", maxRetries: 3 }, () => { while (true); });
const sleeps = task({ name: "sleeps" }, () => new Promise((resolve) => setTimeout(resolve, 1e9)));
task({ name: "main", maxRetries: 3 }, async () => {
  await quick();
  const calls = [spins(), sleeps(), sleeps()];
  console.log("on");
  return (await Promise.all(calls)).map((call) => call.success);
});`,
  "main.py": `from capsule import task
import time
@task
def quick(): return 1
@task(compute="HIGH", max_retries=3)
def spins():
    while True:
        try:
            while True: pass
        except BaseException: continue
@task
def sleeps(): time.sleep(1e9)
@task(max_retries=3)
def main():
    quick()
    calls = [spins.submit(), sleeps.submit(), sleeps.submit()]
    print("on", flush=True)
    return [call.result()["success"] for call in calls]`,
};

interface Attempt {
  name: string;
  attempt: number;
  status: string;
}

/** What is on record of the last run. */
async function last(cwd: string): Promise<{ status: string; attempts: Attempt[] }> {
  const { status, stdout, stderr } = await cli(["trace", "--json"], { cwd });
  assertEquals(status, 0, stderr);
  return JSON.parse(stdout);
}

/** How long a run that nobody asks to end may take until all of it is on record. */
const RECORDED_MS = 1200;

for (
  const [what, signals, status, delay] of [
    ["SIGINT and SIGTERM end", ["SIGINT", "SIGTERM"], { SIGINT: 130, SIGTERM: 130 }, 150],
    // Nobody hears of these: who looks at the trace next finds that the process is gone.
    ["SIGHUP and SIGKILL end", ["SIGHUP", "SIGKILL"], { SIGHUP: 129, SIGKILL: 137 }, RECORDED_MS],
  ] as const
) {
  Deno.test(`${what} a run with all its tasks: each has one row, and none runs on`, async () => {
    const cases = signals.flatMap((signal) => LANGUAGES.map((language) => ({ signal, language })));
    const endings = cases.map(async ({ signal, language }) => {
      const file = language === "python" ? "main.py" : "main.ts";
      using folder = project({ [file]: PROGRAMS[file] });
      const child = startCli(["run", file], { cwd: folder.path });
      await child.stdin.close();
      const reader = child.stdout.getReader();
      assertStringIncludes(new TextDecoder().decode((await reader.read()).value), "on");
      await new Promise((resolve) => setTimeout(resolve, delay));
      const before = performance.now();
      child.kill(signal);
      await Promise.all([reader.cancel(), child.stderr.cancel()]);
      assertEquals((await child.status).code, status[signal as keyof typeof status]);
      assertTrue(performance.now() - before < 2000, `${performance.now() - before} ms`);
      const { status: ended, attempts } = await last(folder.path);
      assertEquals(ended, "interrupted");
      assertEquals(
        attempts.map(({ name, attempt, status }) => `${name} ${attempt} ${status}`).sort(),
        [
          "main 1 interrupted",
          "quick 1 completed",
          "sleeps 1 interrupted",
          "sleeps 1 interrupted",
          "spins 1 interrupted",
        ],
      );
      // The folder is as good as before.
      folder.write(
        file,
        PROGRAMS[file].replace(/calls = \[.*\]/, "calls = [quick()]")
          .replace("call.result()", "call"),
      );
      const next = await cli(["run", file], { cwd: folder.path });
      assertEquals([next.status, next.stderr], [0, ""]);
    });
    await Promise.all(endings);
  });
}

Deno.test("a second Ctrl-C ends a process that has not ended yet", async () => {
  using folder = project({ "main.py": PROGRAMS["main.py"] });
  const child = startCli(["run", "main.py"], { cwd: folder.path });
  await child.stdin.close();
  const reader = child.stdout.getReader();
  await reader.read();
  child.kill("SIGINT");
  try {
    child.kill("SIGINT");
  } catch {
    // The first was enough.
  }
  await Promise.all([reader.cancel(), child.stderr.cancel()]);
  assertEquals((await child.status).code, 130);
  assertEquals((await cli(["list"], { cwd: folder.path })).status, 0);
});

Deno.test("a signal while a program is compiled or loaded leaves no process, file or row behind", async () => {
  using folder = project({
    "main.ts": `import { task } from "@capsule/sdk"; import "./large.ts"; for (;;) task;`,
    "large.ts": Array.from({ length: 20_000 }, (_, n) => `export const x${n} = ${n};`).join("\n"),
  });
  for (const delay of [20, 60, 120, 250, 500]) {
    const child = startCli(["run", "main.ts"], { cwd: folder.path });
    await child.stdin.close();
    await new Promise((resolve) => setTimeout(resolve, delay));
    child.kill("SIGTERM");
    const { code, signal, stdout } = await child.output();
    // Before it listens, it is ended as any process is.
    assertTrue(code === 130 || signal === "SIGTERM", `${delay} ms: ${code} ${signal}`);
    assertEquals(stdout.length, 0);
  }
  assertEquals(childrenOf(folder.path), []);
  assertStringIncludes(
    (await cli(["list"], { cwd: folder.path })).stderr,
    "no runs recorded in this project",
  );
});

/** Processes that work in a folder. */
function childrenOf(folder: string): string[] {
  return Array.from(Deno.readDirSync("/proc"), ({ name }) => name).filter((name) => {
    try {
      return /^\d+$/.test(name) && Deno.readLinkSync(`/proc/${name}/cwd`) === folder;
    } catch {
      return false;
    }
  });
}

Deno.test("when the reader of the output goes away, the run still ends normally", async () => {
  using folder = project({
    "main.py": `import time
def main():
    for _ in range(200):
        print("x" * 100_000)
    return 1`,
  });
  const child = startCli(["run", "main.py"], { cwd: folder.path });
  await child.stdin.close();
  const reader = child.stdout.getReader();
  await reader.read();
  await reader.cancel();
  const stderr = await new Response(child.stderr).text();
  assertEquals([(await child.status).code, stderr], [0, ""]);
  assertEquals((await last(folder.path)).status, "completed");
});
