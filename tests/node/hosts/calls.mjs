/**
 * Makes calls, thousands of them, and tells what the process holds before and after, and its worker if that
 * runs them. Deno and Node run it, with --expose-gc.
 *
 * Usage: calls.mjs CALLS ISOLATION
 */
import { readdirSync, readFileSync } from "node:fs";
import process from "node:process";
import { open } from "@capsule/sdk/runner";

const CALLERS = 4;
const ATTEMPTS = 8;
const SOURCES = {
  typescript: `import { task } from "@capsule/sdk";
    export const main = task({ name: "main" }, (n) => n % 10 ? { n, text: "x".repeat(n) } : null.n);`,
  python: `def main(n): return {"n": n, "text": "x" * n} if n % 10 else None["n"]`,
};

const isolation = process.argv[3];
const programs = await Promise.all(
  Object.entries(SOURCES).map(([language, code]) => open({ language, code, isolation })),
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
  return { host: heldBy("self"), worker: isolation === "process" ? heldBy(workerId()) : null };
}

function heldBy(id) {
  const figure = (file, name) =>
    Number(
      readFileSync(`/proc/${id}/${file}`, "utf8").match(new RegExp(`^${name}:\\s*(\\d+)`, "m"))[1],
    );
  return {
    // Its own, wherever the system keeps it.
    ownKib: figure("smaps_rollup", "Anonymous") + figure("smaps_rollup", "Swap"),
    rssKib: figure("status", "VmRSS"),
    threads: figure("status", "Threads"),
    descriptors: readdirSync(`/proc/${id}/fd`).length,
  };
}

/** The one process that this one has started. */
function workerId() {
  const ids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  const children = ids.filter((id) => {
    try {
      return readFileSync(`/proc/${id}/status`, "utf8").includes(`\nPPid:\t${process.pid}\n`);
    } catch {
      return false;
    }
  });
  if (children.length !== 1) throw new Error(`${children.length} processes instead of one`);
  return children[0];
}

/**
 * Looks several times, some calls apart: which sandboxes stand ready, and for what, makes 10 MB of difference.
 * Returns for host and worker what they held, the least first.
 */
async function looks() {
  const found = { host: [], worker: [] };
  for (let round = 0; round < 4; round++) {
    await call(500, CALLERS);
    const { host, worker } = await held();
    found.host.push(host);
    if (worker) found.worker.push(worker);
  }
  for (const list of Object.values(found)) list.sort((a, b) => a.ownKib - b.ownKib);
  return found;
}

const calls = Number(process.argv[2]);
// What is kept for calls at once is there then, and the allocators have what they share out: they ask for no more
// after some 30,000 calls.
for (let round = 0; round < 3; round++) await call(calls, 2 * CALLERS);
let before = await looks();
// An allocator may widen something once, by some megabytes. What calls leave behind, they leave each time.
for (let attempt = 1;; attempt++) {
  const startedMs = performance.now();
  await call(calls, CALLERS);
  const seconds = (performance.now() - startedMs) / 1000;
  const after = await looks();
  const figures = ["host", "worker"].filter((who) => before[who].length > 0)
    .map((who) => [who, { before: before[who].at(-1), after: after[who][0] }]);
  // Pools of threads grow up to their size, whenever many calls happen to be under way at once; and there are as many
  // descriptors as images that sandboxes stand ready for.
  const hasGrown = figures.some(([, { before, after }]) =>
    ["ownKib", "rssKib"].some((name) => after[name] > 1.05 * before[name]) ||
    ["threads", "descriptors"].some((name) => after[name] > before[name])
  );
  if (!hasGrown || attempt === ATTEMPTS) {
    console.log(JSON.stringify({ ...Object.fromEntries(figures), seconds }));
    break;
  }
  before = after;
}
