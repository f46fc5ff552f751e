/**
 * The measured process's side, under Deno and Node: it reads requests and answers them, one line each.
 * The first line lists what it can measure.
 */
import process from "node:process";
import { createInterface } from "node:readline";

/** How a workload is measured. */
export interface Measure {
  /** Takes samples. */
  take(count: number): number[] | Promise<number[]>;
  /** The most samples to take, if each takes long. */
  most?: number;
  /** Whether to measure without warm-up, because each sample starts from nothing. */
  cold?: boolean;
  /** A remark on what a sample is, if the workload does not show it. */
  note?: string;
}

/** Answers requests until the input ends. */
export async function serve(
  version: string,
  measures: Record<string, Measure>,
): Promise<void> {
  const offer = Object.entries(measures).map((
    [id, { take: _, ...rest }],
  ) => [id, rest]);
  say({ version, measures: Object.fromEntries(offer) });
  for await (const line of createInterface({ input: process.stdin })) {
    const { measure, count } = JSON.parse(line);
    try {
      say({ samples: await measures[measure]!.take(count) });
    } catch (error) {
      say({ error: error instanceof Error ? error.message : String(error) });
    }
  }
  process.exit(0);
}

/** A slow side takes fewer samples. */
const BUDGET_MS = 2000;

/** Milliseconds of each call, one after the other. */
export async function timed(
  count: number,
  call: (index: number) => unknown,
  expected?: (index: number) => unknown,
): Promise<number[]> {
  const samples: number[] = [];
  const end = performance.now() + BUDGET_MS;
  for (let index = 0; index < count && performance.now() < end; index++) {
    const before = performance.now();
    const result = await call(index);
    samples.push(performance.now() - before);
    if (expected !== undefined) check(result, expected(index));
  }
  return samples;
}

/** The same for a synchronous call, because awaiting a promise would be measured, too. */
export function timedSync(
  count: number,
  call: (index: number) => unknown,
  expected: (index: number) => unknown,
): number[] {
  const samples: number[] = [];
  const end = performance.now() + BUDGET_MS;
  for (let index = 0; index < count && performance.now() < end; index++) {
    const before = performance.now();
    const result = call(index);
    samples.push(performance.now() - before);
    check(result, expected(index));
  }
  return samples;
}

/** Calls per second of 8 callers, each of which calls again as soon as it has a result. */
export async function rates(
  count: number,
  call: () => unknown,
  expected: unknown,
): Promise<number[]> {
  const samples: number[] = [];
  for (let sample = 0; sample < count; sample++) {
    const started = performance.now();
    let calls = 0;
    const caller = async () => {
      while (performance.now() - started < RATE_MS) {
        check(await call(), expected);
        calls++;
      }
    };
    await Promise.all(Array.from({ length: CALLERS }, caller));
    samples.push(calls / (performance.now() - started) * 1000);
  }
  return samples;
}

const CALLERS = 8;
const RATE_MS = 500;

/** New code, and the number that it returns. */
export function newCode(
  language: "javascript" | "python",
): { code: string; result: number } {
  const number = ++numbers * 1000 + Math.floor(Math.random() * 1000);
  return language === "python"
    ? {
      code: `def main():\n    return ${number} + len("${number}")\n`,
      result: sum(number),
    }
    : {
      code: `const main = () => ${number} + "${number}".length;\n`,
      result: sum(number),
    };
}

let numbers = Math.floor(Math.random() * 1e6);

function sum(number: number): number {
  return number + String(number).length;
}

function check(result: unknown, expected: unknown): void {
  if (result !== expected) {
    throw new Error(`the result is ${result}, not ${expected}`);
  }
}

function say(message: unknown): void {
  process.stdout.write(JSON.stringify(message) + "\n");
}
