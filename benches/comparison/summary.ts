/** Summarizes the samples of a workload. */
import type { Sampled } from "./measure.ts";
import { median, quantile } from "../statistics.ts";
import type { Workload } from "./workloads.ts";

/** The side that has targets. */
export const CAPSULE = "Capsule";

/** The figure to compare with the target; NaN if it was not measured. */
export function judged({ target }: Workload, sampled: Sampled[]): number {
  const own = samplesOf(sampled, CAPSULE);
  if (target.by === "median") return median(own);
  if (target.by === "p95") return quantile(own, 0.95);
  const other = samplesOf(sampled, target.over ?? target.under!);
  // Compared pair by pair, because a slow phase of the machine slows both samples of a pair.
  const pairs = own.slice(0, other.length).map((value, index) => value / other[index]!);
  return median(
    target.over === undefined ? pairs.map((ratio) => 1 / ratio) : pairs,
  );
}

/** Whether the target is reached. */
export function isMet({ target }: Workload, figure: number): boolean {
  return figure <= (target.atMost ?? Infinity) &&
    figure >= (target.atLeast ?? -Infinity);
}

/** How many times as fast, or as small, Capsule is. Below 1, it loses. */
export function advantage(
  { unit }: Workload,
  own: Sampled,
  other: Sampled,
): number {
  const ratio = median(other.samples) / median(own.samples);
  return unit === "calls/s" ? 1 / ratio : ratio;
}

/** The result of a side, if it has one. */
export function sideOf(sampled: Sampled[], side: string): Sampled | undefined {
  return sampled.find((result) => result.side === side);
}

/** A line for the terminal. */
export function summary(workload: Workload, sampled: Sampled[]): string {
  const own = sideOf(sampled, CAPSULE);
  if (own === undefined || own.samples.length === 0) {
    return own?.error ?? "not measured";
  }
  const figure = judged(workload, sampled);
  const mark = isMet(workload, figure) ? "met" : "NOT met";
  const ratio = workload.target.by === "ratio" ? `, ratio ${figure.toFixed(2)}` : "";
  const others = sampled.filter(({ side }) => side !== CAPSULE).map((other) =>
    `${other.side} ${shown(workload, median(other.samples))}` +
    (other.error === undefined ? "" : ` (${other.error})`)
  );
  const measured = `${shown(workload, median(own.samples))}${ratio}, ${mark}`;
  return [measured, ...others].join("; ");
}

/** A figure with its unit. */
export function shown({ unit }: Workload, value: number): string {
  if (Number.isNaN(value)) return "—";
  if (unit === "calls/s") return `${Math.round(value).toLocaleString("en")} /s`;
  if (unit === "ms" && value >= 1000) {
    return `${(value / 1000).toPrecision(3)} s`;
  }
  const digits = value >= 100 ? 0 : value >= 10 ? 1 : value >= 1 ? 2 : 3;
  return `${value.toFixed(digits)} ${unit}`;
}

function samplesOf(sampled: Sampled[], side: string): number[] {
  return sideOf(sampled, side)?.samples ?? [];
}
