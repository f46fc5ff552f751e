/** Programs with tasks that call other tasks, sleep and compute. */
export const PROGRAMS: Record<"tasks.ts" | "tasks.py", string> = {
  "tasks.ts": `
import { task } from "@capsule/sdk";
const nap = task({ name: "nap" }, (ms: number) => new Promise((resolve) => setTimeout(resolve, ms)));
const burn = task({ name: "burn", compute: "HIGH" }, (rounds = 1) => {
  let sum = 0;
  for (let i = 0; i < rounds * 1_000_000; i++) sum = (sum * 31 + i) | 0;
});
const successes = (calls: { success: boolean }[]) => calls.filter((call) => call.success).length;
const times = <T>(n: number, fn: () => T) => Array.from({ length: n }, fn);
export const naps = task({ name: "naps" }, async (n: number) =>
  successes(await Promise.all(times(n, () => nap(50)))));
export const side = task({ name: "side" }, async (n: number, rounds = 1) =>
  successes(await Promise.all(times(n, () => burn(rounds)))));
export const row = task({ name: "row" }, async (n: number) => {
  const calls = [];
  for (let i = 0; i < n; i++) calls.push(await burn());
  return successes(calls);
});
export const spins = task({ name: "spins", compute: "HIGH", timeout: "100ms" }, () => {
  while (true);
});
export const quick = task({ name: "quick" }, () => 1);
export const main = task({ name: "main" }, () => 1);
`,
  "tasks.py": `
import asyncio, time
from capsule import task

@task
def nap(ms): time.sleep(ms / 1000)

@task(compute="HIGH")
def burn(rounds=1):
    sum = 0
    for i in range(rounds * 300_000): sum = (sum * 31 + i) & 0xffffffff

def successes(calls): return len([call for call in calls if call["success"]])

@task
def naps(n): return successes(nap.map([50] * n))

@task
async def gathers(n): return successes(await asyncio.gather(*(nap.aio(50) for _ in range(n))))

@task
def side(n, rounds=1):
    return successes([future.result() for future in [burn.submit(rounds) for _ in range(n)]])

@task
def row(n): return successes([burn() for _ in range(n)])

@task(compute="HIGH", timeout="100ms")
def spins():
    while True: pass

@task
def quick(): return 1
`,
};
