/**
 * Measures concurrent sub-tasks, and how late timeouts are.
 *
 * Usage: deno task bench tasks
 */
import { open, type OpenProgram } from "../runner/open.ts";
import { PROGRAMS } from "./task_programs.ts";
import { table } from "./report.ts";
import { median } from "./statistics.ts";

const ROUNDS = 15;
const TIMEOUTS = 100;

const rows = [["", "TypeScript", "Python"]];
const figures: string[][] = [];
for (const [name, code] of Object.entries(PROGRAMS)) {
  const language = name.endsWith(".py") ? "python" : "typescript";
  await using program = await open({ code, language });
  await program.call("naps", [100]);
  const gathers = language === "python" ? await times(program, "gathers", 100) : undefined;
  const naps = await times(program, "naps", 100);
  const ratios = [];
  for (let round = 0; round < 5; round++) {
    ratios.push(await took(program, "side", 8) / await took(program, "row", 8));
  }
  const { late, served } = await timeouts(program);
  figures.push([
    ms(naps),
    gathers === undefined ? "" : ms(gathers),
    median(ratios).toFixed(2),
    String(late.filter((ms) => ms <= 10).length),
    ms(late[Math.floor(late.length * 0.95)]!),
    ms(served),
  ]);
}
const names = [
  "100 sub-tasks that sleep 50 ms, median",
  "the same by asyncio.gather of aio",
  "8 that compute, beside 8 in a row",
  `of ${TIMEOUTS} timeouts of 100 ms, at most 10 ms late`,
  "95 of 100 at most so late",
  "a small call meanwhile, median",
];
names.forEach((name, index) => rows.push([name, figures[0]![index]!, figures[1]![index]!]));
console.log(table(rows));
Deno.exit(0);

/** Milliseconds of a call, as the host measures them. */
async function took(program: OpenProgram, task: string, n: number): Promise<number> {
  const before = performance.now();
  const { result, error } = await program.call(task, [n]);
  if (result !== n) throw new Error(`${task}: ${error?.message ?? result}`);
  return performance.now() - before;
}

async function times(program: OpenProgram, task: string, n: number): Promise<number> {
  const all = [];
  for (let round = 0; round < ROUNDS; round++) all.push(await took(program, task, n));
  return median(all);
}

/** How late timeouts are, sorted, while other small calls run. */
async function timeouts(program: OpenProgram): Promise<{ late: number[]; served: number }> {
  const calls: number[] = [];
  let serving = true;
  const server = (async () => {
    while (serving) {
      const before = performance.now();
      await program.call("quick");
      calls.push(performance.now() - before);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  })();
  const late = [];
  for (let round = 0; round < TIMEOUTS; round++) {
    const before = performance.now();
    const { error } = await program.call("spins");
    if (error?.error_type !== "timeout") throw new Error(error?.message);
    late.push(performance.now() - before - 100);
  }
  serving = false;
  await server;
  return { late: late.toSorted((a, b) => a - b), served: median(calls) };
}

function ms(value: number): string {
  return `${value.toFixed(value < 10 ? 2 : 0)} ms`;
}
