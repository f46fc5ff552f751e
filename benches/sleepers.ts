/** Measures the memory of many sleeping sandboxes of one program. */
import { open } from "../runner.ts";

/** The memory of a process, in MiB. */
export interface Resident {
  /** The whole resident memory. */
  all: number;
  /** The part that no other process maps. */
  own: number;
}

/** Memory before the sandboxes start, while they sleep, and after they end. */
export interface Sleepers {
  before: Resident;
  asleep: Resident;
  after: Resident;
}

/** Programs that sleep. */
export const SLEEPERS = {
  javascript: `
    import { task } from "@capsule/sdk";
    task({ name: "main" }, (ms: number) => new Promise((resolve) => setTimeout(resolve, ms)));`,
  python: `
import asyncio

async def main(ms):
    await asyncio.sleep(ms / 1000)`,
};

/** Measures this process before, with and after a number of sandboxes. */
export async function weighSleepers(
  language: keyof typeof SLEEPERS,
  sandboxes: number,
): Promise<Sleepers> {
  await using program = await open({ language, code: SLEEPERS[language] });
  for (let round = 0; round < 50; round++) await program.call("main", [1]);
  const before = resident();
  let awake = 0;
  const end = new AbortController();
  const calls = Array.from({ length: sandboxes }, async () => {
    const { error } = await program.call("main", [60_000], {
      signal: end.signal,
      onEvent: ({ type }) => type === "task_started" && awake++,
    });
    if (error?.error_type !== "cancelled") {
      throw new Error(error?.message ?? "it woke up");
    }
  });
  while (awake < sandboxes) await pause(100);
  const asleep = await settled();
  end.abort();
  await Promise.all(calls);
  return { before, asleep, after: await settled() };
}

/** The memory once it is stable: the last sandboxes must fall asleep and release pages. */
async function settled(): Promise<Resident> {
  let last = resident();
  for (let quiet = 0, seconds = 0; quiet < 3 && seconds < 20; seconds++) {
    await pause(1000);
    const now = resident();
    quiet = Math.abs(now.all - last.all) < last.all / 100 ? quiet + 1 : 0;
    last = now;
  }
  return last;
}

function resident(): Resident {
  const rollup = Deno.readTextFileSync("/proc/self/smaps_rollup");
  const field = (name: string) => Number(rollup.match(new RegExp(`^${name}:\\s+(\\d+)`, "m"))![1]);
  return { all: field("Rss") / 1024, own: field("Anonymous") / 1024 };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
