/**
 * Makes calls, thousands of them, and tells what the process holds before and after. Deno and Node run it,
 * with --expose-gc.
 *
 * Usage: calls.mjs CALLS
 */
import { readdirSync, readFileSync } from "node:fs";
import process from "node:process";
import { open } from "@capsule/sdk/runner";

const CALLERS = 4;
const SOURCES = {
  typescript: `import { task } from "@capsule/sdk";
    export const main = task({ name: "main" }, (n) => n % 10 ? { n, text: "x".repeat(n) } : null.n);`,
  python: `def main(n): return {"n": n, "text": "x" * n} if n % 10 else None["n"]`,
};

const programs = await Promise.all(
  Object.entries(SOURCES).map(([language, code]) => open({ language, code })),
);

async function call(count, callers) {
  let next = 0;
  const caller = async () => {
    while (next < count) {
      const n = next++ % 1000;
      const { success, result, error } = await programs[next % 2].call("main", [n]);
      const isRight = n % 10
        ? success && result.text.length === n
        : error.error_type === "task_error";
      if (!isRight) throw new Error(`call ${n}: ${JSON.stringify({ success, result, error })}`);
    }
  };
  await Promise.all(Array.from({ length: callers }, caller));
}

async function held() {
  for (let round = 0; round < 5; round++) {
    globalThis.gc();
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const figure = (file, name) =>
    Number(
      readFileSync(`/proc/self/${file}`, "utf8").match(new RegExp(`^${name}:\\s*(\\d+)`, "m"))[1],
    );
  return {
    // Pages of an image that several sandboxes map count once.
    memoryKib: figure("smaps_rollup", "Pss"),
    rssKib: figure("status", "VmRSS"),
    threads: figure("status", "Threads"),
    descriptors: readdirSync("/proc/self/fd").length,
  };
}

/** Looks several times, some calls apart: which sandboxes stand ready, and for what, makes 10 MB of difference. */
async function looks() {
  const found = [];
  for (let round = 0; round < 4; round++) {
    await call(500, CALLERS);
    found.push(await held());
  }
  return found.sort((a, b) => a.memoryKib - b.memoryKib);
}

const calls = Number(process.argv[2]);
// What is kept for calls at once is there then, and the allocators have what they share out: they ask for no more
// after some 30,000 calls.
for (let round = 0; round < 3; round++) await call(calls, 2 * CALLERS);
const before = (await looks()).at(-1);
const startedMs = performance.now();
await call(calls, CALLERS);
const seconds = (performance.now() - startedMs) / 1000;
console.log(JSON.stringify({ before, after: (await looks())[0], seconds }));
