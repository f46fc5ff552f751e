/** Tasks that run out of what they may use. The twin of limits.py. */
import { appendFileSync, readFileSync } from "node:fs";
import { task } from "@capsule/sdk";

export const main = task({ name: "main", compute: "LOW" }, () => {
  while (true);
});
export const fuel_number = task({ name: "fuel_number", compute: 20_000_000 }, () => {
  while (true);
});
export const memory = task({ name: "memory", ram: "64MB", compute: "HIGH" }, () => {
  const kept = [];
  while (true) kept.push(new Uint8Array(1e6).fill(1));
});
export const memory_caught = task({ name: "memory_caught", ram: "64MB" }, () => {
  try {
    return new Uint8Array(1e9).length;
  } catch {
    return "caught";
  }
});
export const timeout_loop = task({ name: "timeout_loop", compute: "HIGH", timeout: "80ms" }, () => {
  while (true);
});
export const timeout_sleep = task(
  { name: "timeout_sleep", timeout: 80 },
  () => new Promise((resolve) => setTimeout(resolve, 60_000)),
);
export const retried = task({ name: "retried", maxRetries: 2 }, (): never => {
  throw new Error("again");
});
export const recovers = task({ name: "recovers", maxRetries: 5 }, () => {
  appendFileSync("/work/attempts", "x");
  const attempts = readFileSync("/work/attempts", "utf8").length;
  if (attempts < 3) throw new Error(`attempt ${attempts}`);
  return attempts;
});
export const retried_timeout = task(
  { name: "retried_timeout", maxRetries: 1, timeout: "40ms", compute: "HIGH" },
  () => {
    while (true);
  },
);
export const prints = task({ name: "prints" }, (bytes: number) => {
  console.log("x".repeat(bytes));
  return "printed";
});
export const text = task({ name: "text" }, (bytes: number) => "x".repeat(bytes));
export const count = task({ name: "count" }, (text: string) => text.length);
const leaf = task({ name: "leaf" }, (n: number) => n);
export const fan = task({ name: "fan" }, async (n: number) => {
  const calls = await Promise.all(Array.from({ length: n }, (_, index) => leaf(index)));
  return calls.map((call) => call.error?.error_type ?? "given").sort();
});
export const nest = task({ name: "nest" }, async (depth: number): Promise<unknown> => {
  const call = await nest(depth + 1);
  return call.success ? call.result : [depth, call.error.error_type];
});
export const contained = task({ name: "contained" }, async () => {
  const calls = await Promise.all([fuel_number(), timeout_sleep(), retried()]);
  return calls.map(({ error, execution }) => [error?.error_type, execution.retries]);
});
