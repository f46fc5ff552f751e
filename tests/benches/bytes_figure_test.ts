/**
 * What 10 MB of bytes cost each way, beside base64 that program and host make of them by hand: at most a
 * quarter of the time, and half of the memory. Both are measured in the same moments, and the fastest of
 * each counts; one try of several is enough.
 */
import { quantile } from "../../benches/statistics.ts";
import { open } from "@capsule/sdk/runner";
import { assertEquals, assertTrue } from "../support/assert.ts";
import { warmEngines } from "../support/support.ts";

await warmEngines();

const SIZE = 10 << 20;
const ROUNDS = 5;
const TRIES = 4;
const TIME_RATIO = 1 / 4;
const MEMORY_RATIO = 1 / 2;

const PROGRAMS = {
  typescript: `import { task } from "@capsule/sdk";
export const nothing = task({ name: "nothing" }, () => 0);
export const bytes = task({ name: "bytes" }, (value: Uint8Array) => { value[0] ^= 1; return value; });
export const byHand = task({ name: "byHand", compute: "HIGH" }, (text: string) => {
  const value = Uint8Array.fromBase64(text);
  value[0] ^= 1;
  return value.toBase64();
});
export const main = task({ name: "main" }, () => 0);`,
  python: `from base64 import b64decode, b64encode
from capsule import task
@task
def nothing(): return 0
@task
def bytes(value): return value
@task(compute="HIGH")
def byHand(text): return b64encode(b64decode(text)).decode()
@task
def main(): return 0`,
} as const;

for (const [language, code] of Object.entries(PROGRAMS)) {
  for (const isolation of ["sandbox", "process"] as const) {
    const name = `${language}: 10 MB each way take a quarter of the time of base64 (${isolation})`;
    Deno.test(name, async () => {
      const value = new Uint8Array(SIZE).map((_, index) => index * 31);
      await using program = await open({ code, language: language as "python", isolation });
      const call = async (task: string, args: unknown[]) => {
        const envelope = await program.call(task, args);
        assertEquals(envelope.error, null);
        return envelope;
      };
      const variants = {
        bytes: async () => {
          const { result, execution } = await call("bytes", [value]);
          assertEquals((result as Uint8Array).length, SIZE);
          return execution.ram_used;
        },
        byHand: async () => {
          const { result, execution } = await call("byHand", [toBase64(value)]);
          assertEquals(fromBase64(result as string).length, SIZE);
          return execution.ram_used;
        },
      };
      // What a task has anyway.
      const own = (await call("nothing", [])).execution.ram_used;
      let timeRatio = Infinity;
      let memoryRatio = Infinity;
      for (let attempt = 0; attempt < TRIES && timeRatio > TIME_RATIO; attempt++) {
        const times = { bytes: [] as number[], byHand: [] as number[] };
        const ram = { bytes: 0, byHand: 0 };
        for (let round = 0; round < ROUNDS; round++) {
          for (const variant of ["bytes", "byHand"] as const) {
            const start = performance.now();
            ram[variant] = await variants[variant]() - own;
            times[variant].push(performance.now() - start);
          }
        }
        timeRatio = Math.min(timeRatio, quantile(times.bytes, 0) / quantile(times.byHand, 0));
        memoryRatio = ram.bytes / ram.byHand;
      }
      assertTrue(timeRatio <= TIME_RATIO, `time: ${timeRatio.toFixed(3)}`);
      assertTrue(memoryRatio <= MEMORY_RATIO, `memory: ${memoryRatio.toFixed(3)}`);
    });
  }
}

function toBase64(bytes: Uint8Array): string {
  return (bytes as unknown as { toBase64(): string }).toBase64();
}

function fromBase64(text: string): Uint8Array {
  return (Uint8Array as unknown as { fromBase64(text: string): Uint8Array }).fromBase64(text);
}
