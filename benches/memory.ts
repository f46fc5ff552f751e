/**
 * What a sandbox weighs: many of one program, alive and asleep at once.
 *
 * Usage: deno task bench memory
 */
import { open } from "../runner.ts";
import { table } from "./report.ts";

const SANDBOXES = 1000;

const PROGRAMS = {
  javascript: `
    import { task } from "@capsule/sdk";
    task({ name: "main" }, (ms: number) => new Promise((resolve) => setTimeout(resolve, ms)));`,
  python: `
import asyncio

async def main(ms):
    await asyncio.sleep(ms / 1000)`,
};

const rows = [[
  "language",
  "before, MiB",
  "asleep, MiB",
  "each, MiB",
  "unshared, MiB",
  "after, MiB",
]];
for (const [language, code] of Object.entries(PROGRAMS)) {
  await using program = await open({ language: language as keyof typeof PROGRAMS, code });
  for (let round = 0; round < 50; round++) await program.call("main", [1]);
  const before = resident();
  let awake = 0;
  const calls = Array.from({ length: SANDBOXES }, async () => {
    const { error } = await program.call("main", [15_000], {
      onEvent: ({ type }) => type === "task_started" && awake++,
    });
    if (error) throw new Error(error.message);
  });
  while (awake < SANDBOXES) await new Promise((resolve) => setTimeout(resolve, 100));
  // Until the last of them sleeps.
  await new Promise((resolve) => setTimeout(resolve, 3000));
  const asleep = resident();
  await Promise.all(calls);
  await new Promise((resolve) => setTimeout(resolve, 3000));
  const after = resident();
  const mebibytes = [
    before.all,
    asleep.all,
    (asleep.all - before.all) / SANDBOXES,
    (asleep.own - before.own) / SANDBOXES,
    after.all,
  ];
  rows.push([language, ...mebibytes.map((value) => value.toFixed(value < 10 ? 2 : 0))]);
}
console.log(table(rows));
console.log(`\n${SANDBOXES} sandboxes. Unshared: without the pages of the image that they share.`);
Deno.exit(0);

/** Mebibytes of this process: resident in all, and those that nothing else maps. */
function resident(): { all: number; own: number } {
  const rollup = Deno.readTextFileSync("/proc/self/smaps_rollup");
  const field = (name: string) => Number(rollup.match(new RegExp(`^${name}:\\s+(\\d+)`, "m"))![1]);
  return { all: field("Rss") / 1024, own: field("Anonymous") / 1024 };
}
