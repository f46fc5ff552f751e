/** What tasks reach of the machine. The twin of access.py. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { task } from "@capsule/sdk";

export const main = task({ name: "main" }, (path: string) => readFileSync(path, "utf8"));
export const write = task({ name: "write" }, (path: string, text: string) => {
  writeFileSync(path, text);
  return readFileSync(path, "utf8");
});
export const folder = task({ name: "folder" }, (path: string) => readdirSync(path).sort());
export const attempt = task({ name: "attempt" }, (path: string) => {
  try {
    writeFileSync(path, "x");
    return "written";
  } catch (error) {
    return (error as { code: string }).code;
  }
});
export const variables = task(
  { name: "variables", envVariables: ["CONTRACT_A", "CONTRACT_B"] },
  () => [process.env.CONTRACT_A ?? null, process.env.CONTRACT_B ?? null],
);
export const undeclared = task({ name: "undeclared" }, () => process.env.CONTRACT_A ?? null);
export const sub = task({ name: "sub" }, async (path: string) => (await main(path)).result);
export const sleeps = task({ name: "sleeps" }, async (milliseconds: number) => {
  await new Promise((resolve) => setTimeout(resolve, milliseconds));
  return "awake";
});
export const loops = task({ name: "loops", compute: "HIGH" }, () => {
  while (true);
});
export const waits = task({ name: "waits" }, async () => {
  while (true) await sleeps(60_000);
});
const square = task({ name: "square" }, (n: number) => n * n);
export const squares = task({ name: "squares" }, async (n: number) => {
  const calls = await Promise.all(Array.from({ length: n }, (_, index) => square(index)));
  return calls.map((call) => call.result);
});
let counter = 0;
export const counts = task({ name: "counts" }, () => ++counter);
