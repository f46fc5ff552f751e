/** Thousands of calls from one Python process: nothing is left behind, neither there nor in its worker. */
import { assertEquals, assertTrue } from "../support/assert.ts";
import { ROOT, warmEngines } from "../support/support.ts";
import { installedApp, PYTHON } from "./support.ts";

const CALLS = 10_000;
const GROWTH = 1.05;

interface Held {
  ownKib: number;
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
    assertTrue(is.ownKib <= was.ownKib * GROWTH, shown);
    assertTrue(is.threads <= was.threads, shown);
    assertTrue(is.descriptors <= was.descriptors, shown);
  }
});
