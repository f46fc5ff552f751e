/** Thousands of calls from one Python process: nothing is left behind, neither there nor in its worker. */
import { assertEquals, assertTrue } from "../assert.ts";
import { ROOT, warmEngines } from "../support.ts";
import { installedApp, PYTHON } from "./support.ts";

const CALLS = 10_000;
const GROWTH = 1.05;
/** Shared pages count by how many map them at the moment: that moves by more. */
const SHARED_GROWTH = 1.1;

interface Held {
  memoryKib: number;
  rssKib: number;
  threads: number;
  descriptors: number;
}

interface Looks {
  host: Held;
  worker: Held;
}

Deno.test(`${CALLS} calls from Python leave nothing behind`, async () => {
  await warmEngines();
  using app = await installedApp(PYTHON);
  const args = [`${ROOT}tests/python/hosts/calls.py`, `${CALLS}`];
  const { status, stdout, stderr } = await app.run("python", args, { timeoutMs: 600_000 });
  assertEquals(status, 0, stderr);
  console.log(stdout.trim());
  const { before, after } = JSON.parse(stdout) as { before: Looks; after: Looks };
  for (const name of ["host", "worker"] as const) {
    const [was, is] = [before[name], after[name]];
    const shown = `${name}: ${JSON.stringify({ was, is })}`;
    assertTrue(is.rssKib <= was.rssKib * GROWTH, shown);
    assertTrue(is.threads <= was.threads, shown);
    assertTrue(is.descriptors <= was.descriptors, shown);
  }
  // What the host shares, it shares with any Python of this machine.
  const { worker } = before;
  assertTrue(after.worker.memoryKib <= worker.memoryKib * SHARED_GROWTH, stdout);
});
