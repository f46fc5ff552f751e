/** The workloads of the comparison, with their targets. */

/** A workload. */
export interface Workload {
  id: string;
  title: string;
  unit: "ms" | "calls/s" | "MiB";
  target: Target;
  /** The number of rounds, and of samples that every side takes in each. */
  rounds: number;
  samples: number;
  /** The same for `--quick`. */
  quick: { rounds: number; samples: number };
}

/** The target for Capsule, and the figure that it applies to. */
export interface Target {
  by: "median" | "p95" | "ratio";
  /** For a ratio: Capsule's figure divided by this side's, or the reverse. */
  over?: string;
  under?: string;
  atMost?: number;
  atLeast?: number;
}

const atMost = (value: number): Target => ({ by: "median", atMost: value });
const atLeast = (value: number): Target => ({ by: "median", atLeast: value });
const nearDeno: Target = { by: "ratio", over: "deno run", atMost: 1.6 };
const twoCores: Target = {
  by: "ratio",
  under: "Capsule on one core",
  atLeast: 1.9,
};

type Row = [id: string, title: string, target: Target];

/** Whole processes. */
const edits: Row[] = [
  ["edit-typescript", "edit → result, TypeScript", atMost(100)],
  ["edit-python", "edit → result, Python", atMost(60)],
  ["edit-zod", "edit → result with zod imported", atMost(160)],
  ["edit-bs4", "edit → result with bs4 imported", atMost(600)],
  ["unchanged-typescript", "unchanged → result, TypeScript", nearDeno],
  ["unchanged-python", "unchanged → result, Python", nearDeno],
  ["unchanged-zod", "unchanged → result with zod imported", nearDeno],
  ["unchanged-bs4", "unchanged → result with bs4 imported", nearDeno],
];

/** Calls, and new programs. */
const calls: Row[] = [
  ["call-javascript", "one call, JavaScript", atMost(0.15)],
  ["call-python", "one call, Python", atMost(0.6)],
  ["call-lodash", "one call with lodash imported", atMost(0.3)],
  ["call-jinja2", "one call with jinja2 imported", atMost(1)],
];
const rates: Row[] = [
  ["rate-javascript", "8 callers, JavaScript", atLeast(6000)],
  ["rate-python", "8 callers, Python", atLeast(1500)],
];
const codes: Row[] = [
  ["code-javascript", "a program not seen before, JavaScript", atMost(0.8)],
  ["code-python", "a program not seen before, Python", atMost(2)],
];

/** Concurrency, memory and timeouts. */
const asleep: Row[] = [
  ["asleep-javascript", "1,000 sandboxes asleep, each, JavaScript", atMost(2)],
  ["asleep-python", "1,000 sandboxes asleep, each, Python", atMost(4)],
];
const naps: Row[] = [
  ["naps-javascript", "100 sub-tasks of 50 ms, JavaScript", atMost(100)],
  ["naps-python", "100 sub-tasks of 50 ms, Python", atMost(200)],
];
const late: Row[] = [
  ["late-javascript", "lateness of a timeout, JavaScript", {
    by: "p95",
    atMost: 5,
  }],
  ["late-python", "lateness of a timeout, Python", { by: "p95", atMost: 5 }],
];
const cores: Row[] = [
  ["cores-javascript", "8 sub-tasks that compute, JavaScript", twoCores],
  ["cores-python", "8 sub-tasks that compute, Python", twoCores],
];
const firsts: Row[] = [
  [
    "first-typescript",
    "first run after installation, TypeScript",
    atMost(2000),
  ],
  ["first-python", "first run after installation, Python", atMost(7000)],
];

/** All workloads, in the order of the table. */
export const WORKLOADS: Workload[] = [
  ...workloads(edits, "ms", [20, 1], [4, 1]),
  ...workloads(calls, "ms", [8, 100], [3, 50]),
  ...workloads(rates, "calls/s", [8, 1], [2, 1]),
  ...workloads(codes, "ms", [8, 30], [3, 10]),
  ...workloads(asleep, "MiB", [1, 1], [1, 1]),
  ...workloads(naps, "ms", [15, 1], [4, 1]),
  ...workloads(late, "ms", [10, 10], [2, 10]),
  ...workloads(cores, "ms", [8, 1], [2, 1]),
  ...workloads(firsts, "ms", [3, 1], [1, 1]),
];

type Size = [rounds: number, samples: number];

function workloads(
  rows: Row[],
  unit: Workload["unit"],
  full: Size,
  quick: Size,
): Workload[] {
  return rows.map(([id, title, target]) => ({
    id,
    title,
    unit,
    target,
    rounds: full[0],
    samples: full[1],
    quick: { rounds: quick[0], samples: quick[1] },
  }));
}
