/** Tasks that call themselves without end: a limit, shared over the run; others go on being served. */
import { assertEquals, assertTrue } from "../../support/assert.ts";
import { project } from "../../support/support.ts";
import { open } from "@capsule/sdk/runner";

const PROGRAMS = {
  "main.ts": `import { task } from "@capsule/sdk";
    const bomb = task({ name: "bomb" }, async () => {
      const calls = await Promise.all([bomb(), bomb(), bomb()]);
      return calls.map((call) => call.error?.error_type ?? null);
    });
    const deep = task({ name: "deep" }, (n) => {
      const call = deep(n + 1);
      return call.success ? call.result : [n, call.error.error_type, call.error.message];
    });
    task({ name: "quick" }, () => 1);
    task({ name: "main" }, () => bomb());`,
  "main.py": `from capsule import task
@task
def bomb():
    return [call["error"] and call["error"]["error_type"] for call in bomb.map([])
        + [future.result() for future in [bomb.submit(), bomb.submit(), bomb.submit()]]]
@task
def deep(n):
    call = deep(n + 1)
    return call["result"] if call["success"] else [n, call["error"]["error_type"], call["error"]["message"]]
@task
def quick(): return 1
@task
def main(): return bomb()`,
};

for (const file of Object.keys(PROGRAMS)) {
  Deno.test(`${file}: a fork bomb ends at its limit, and the machine answers meanwhile`, async () => {
    using folder = project({
      "capsule.toml": "[budget]\ntasks = 1500\ntasks_alive = 300",
      ...PROGRAMS,
    });
    await using program = await open({ file, cwd: folder.path });
    await program.call("quick");
    let bursting = true;
    const latencies: number[] = [];
    const others = (async () => {
      while (bursting) {
        const before = performance.now();
        assertEquals((await program.call("quick")).result, 1);
        latencies.push(performance.now() - before);
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
    })();
    const started: number[] = [];
    const { success } = await program.call("main", [], {
      onEvent: (event) => event.type === "task_started" && started.push(event.task),
    });
    bursting = false;
    await others;
    assertEquals(success, true, "what its children hit is in their envelopes");
    assertTrue(started.length <= 1500, `${started.length} tasks`);
    assertTrue(started.length > 250, `${started.length} tasks`);
    latencies.sort((a, b) => a - b);
    const median = latencies[latencies.length >> 1]!;
    assertTrue(latencies.length > 5 && median < 100, `a call took ${median} ms`);
    assertEquals((await program.call("quick")).result, 1);
  });

  Deno.test(`${file}: tasks can call each other 64 deep, and not deeper`, async () => {
    using folder = project(PROGRAMS);
    await using program = await open({ file, cwd: folder.path });
    const { result } = await program.call("deep", [0]);
    assertEquals(result, [
      64,
      "task_limit",
      "tasks may call each other 64 deep: raise taskDepth of its budget",
    ]);
  });
}
