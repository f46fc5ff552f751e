/** Thousands of calls in one process, under Deno and Node: nothing is left behind. */
import { assertEquals, assertTrue } from "../support/assert.ts";
import { CACHE, ROOT, warmEngines } from "../support/support.ts";
import { installedApp, NODES } from "./support.ts";

const CALLS = 10_000;
/** What is looked at when calls run in the host, and when they run in a worker. */
const PROCESSES = { sandbox: ["host"], process: ["host", "worker"] };
const GROWTH = 1.05;
/** V8 widens its young generation as it likes: that is no memory of a call. */
const V8_FLAGS = ["--expose-gc", "--max-semi-space-size=2"];

await warmEngines();

interface Held {
  ownKib: number;
  rssKib: number;
  threads: number;
  descriptors: number;
}

function check(runtime: string, stdout: string, processes: string[]): void {
  const { seconds: _, ...found } = JSON.parse(stdout);
  console.log(`${runtime}: ${stdout.trim()}`);
  assertEquals(Object.keys(found), processes);
  for (const [name, held] of Object.entries(found)) {
    const { before, after } = held as { before: Held; after: Held };
    const shown = `${runtime}, ${name}: ${JSON.stringify({ before, after })}`;
    assertTrue(after.ownKib <= before.ownKib * GROWTH, shown);
    assertTrue(after.rssKib <= before.rssKib * GROWTH, shown);
    assertTrue(after.threads <= before.threads, shown);
    assertTrue(after.descriptors <= before.descriptors, shown);
  }
}

for (const [isolation, processes] of Object.entries(PROCESSES)) {
  Deno.test({
    name: `${CALLS} calls leave nothing behind: ${processes.join(" and ")}`,
    ignore: Deno.build.os !== "linux",
    async fn() {
      const host = `${ROOT}tests/node/hosts/calls.mjs`;
      const args = [`${CALLS}`, isolation];
      using app = await installedApp();
      Deno.copyFileSync(host, `${app.path}/calls.mjs`);
      const command = ["node", ...V8_FLAGS, "calls.mjs", ...args];
      // Side by side: nothing here is about time.
      const [ofDeno, ofNode] = await Promise.all([
        deno([`--v8-flags=${V8_FLAGS}`], [host, ...args]),
        app.run(NODES.at(-1)!, command, { timeoutMs: 600_000 }),
      ]);
      for (const [runtime, { status, stdout, stderr }] of Object.entries({ ofDeno, ofNode })) {
        assertEquals(status, 0, stderr);
        check(runtime, stdout, processes);
      }
    },
  });
}

Deno.test("V8's own WebAssembly, traps included, beside calls under Deno", async () => {
  const { status, stderr } = await deno([], [`${ROOT}tests/node/hosts/webassembly.mjs`, "4"]);
  assertEquals(status, 0, stderr);
});

async function deno(flags: string[], args: string[]) {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", `--config=${ROOT}deno.json`, ...flags, ...args],
    env: { CAPSULE_CACHE_DIR: CACHE },
  }).output();
  const decoder = new TextDecoder();
  return { status: code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}
