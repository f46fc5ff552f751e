/** Writes docs/benchmarks.md and its chart from what was measured. */
import { ROOT } from "../scripts/common.ts";
import { chart } from "./chart.ts";
import type { Results } from "./compare.ts";
import type { Sampled } from "./measure.ts";
import { markdownTable } from "./markdown.ts";
import { ISOLATION } from "./peers/mod.ts";
import { quantile } from "./statistics.ts";
import { advantage, CAPSULE, isMet, judged, shown, sideOf } from "./summary.ts";
import { type Workload, WORKLOADS } from "./workloads.ts";

const PAGE = `${ROOT}docs/benchmarks.md`;
/** From here on, the page is written by hand. */
const BY_HAND = "\n## What is missed, and why";

/** No peers: they are there to judge Capsule by. */
const YARDSTICKS = new Set(["deno run", "Capsule on one core"]);

/** Writes both files. What is written by hand stays. */
export function writePage(results: Results): void {
  const page = Deno.readTextFileSync(PAGE);
  const from = page.indexOf(BY_HAND);
  const kept = from === -1 ? "" : page.slice(from);
  Deno.writeTextFileSync(PAGE, `${pageText(results).trimEnd()}\n${kept}`);
  Deno.writeTextFileSync(`${ROOT}docs/benchmarks.svg`, chart(results));
}

/** The part of the page that is measured. */
export function pageText(results: Results): string {
  const { cores, cpu, memoryGiB, kernel } = results.machine;
  const versions = Object.entries(results.versions)
    .filter(([name]) => name !== "Capsule on one core")
    .map(([name, version]) => `${name === "deno run" ? "Deno" : name} ${version}`);
  return `# Figures

Written by \`deno task bench\`, which installs the peers from their registries and measures all sides by
turns, so that noise of the machine hits them alike. What counts is the ratio of two figures of one run.
\`deno task bench --quick\` takes a look in two minutes; \`deno task bench call-python\` measures one workload.

${results.date}, ${cores} cores of ${cpu}, ${memoryGiB} GiB, ${kernel}.
Versions: ${versions.join(", ")}.

![Each workload on a logarithmic scale of time: Capsule, its target and its peers](benchmarks.svg)

## Targets

*Capsule* is the median, and in brackets the 10th and 95th of 100 samples. *beside it* says how many times as
fast (or as small) Capsule is; below 1 it loses, which is set in bold.

${targets(results)}
${results.remarks.map((remark) => `\n${remark}\n`).join("")}
## What is measured

- *edit → result* is a whole process of the command line, after its file was really changed: the number that
  it prints is another one each time. *unchanged* is the same with no change. The engine is compiled, the
  packages are known, the files are in the system's cache.
- *one call* is a call of a program that is open, in process: from arguments to the result, each in a fresh
  sandbox on Capsule. *8 callers* call again as soon as they have a result, for half a second a sample.
- *a program not seen before* is handed over as text, and is another one each time.
- *asleep* divides what a process grew by the number of sandboxes that wait in it.
- *lateness* is how long after 100 ms the caller of an endless loop has the answer; the target is for 95 of 100.
- *8 sub-tasks that compute* are measured by a process with all cores and one pinned to a single one, by turns.
- *first run* has an empty cache: the engine is compiled for this machine.
- All else is warm: a round of each workload is thrown away before the first that counts, except where a sample
  is long and complete in itself (builds of the original, fresh instances of pyodide, first runs, memory).

## Sides

${sides(results)}

## Where Capsule loses

${losses(results)}

## Every side

${details(results)}
`;
}

function targets(results: Results): string {
  const rows = measured(results).map(({ workload, sampled, own }) => {
    const figure = judged(workload, sampled);
    const value = shown(workload, quantile(own.samples, 0.5));
    const [low, high] = [0.1, 0.95].map((share) => shown(workload, quantile(own.samples, share)));
    const spread = own.samples.length > 1 ? `${value} (${low} – ${high})` : value;
    const cell = workload.target.by === "ratio" ? `${figure.toFixed(2)} × (${value})` : spread;
    const beside = rivals(sampled).map((other) => {
      if (other.samples.length === 0) return `${other.side}: ${other.error}`;
      const times = advantage(workload, own, other);
      return times < 1 ? `**${other.side} ${ratio(times)}**` : `${other.side} ${ratio(times)}`;
    });
    return [
      workload.title,
      targetText(workload),
      cell,
      isMet(workload, figure) ? "yes" : "**no**",
      beside.join(", ") || "—",
    ];
  });
  return markdownTable(["workload", "target", "Capsule", "met", "beside it"], rows);
}

function sides(results: Results): string {
  const seen = new Set(Object.values(results.workloads).flat().map(({ side }) => side));
  const rows = Object.entries(ISOLATION).filter(([side]) => seen.has(side)).map(([side, how]) => [
    side,
    results.versions[side] ?? "",
    how,
  ]);
  return markdownTable(["side", "version", "what isolates one call from another"], rows);
}

function losses(results: Results): string {
  const lost = new Map<string, string[]>();
  for (const { workload, sampled, own } of measured(results)) {
    for (const other of rivals(sampled)) {
      const times = advantage(workload, own, other);
      // Without samples, there is no number.
      if (!(times < 1)) continue;
      const list = lost.get(other.side) ?? [];
      list.push(`${workload.title} (${ratio(1 / times)})`);
      lost.set(other.side, list);
    }
  }
  if (lost.size === 0) return "Nowhere, in this run.";
  const lines = [...lost].map(([side, list]) =>
    `- **${side}** is faster or smaller: ${list.join("; ")}. Its isolation: ${ISOLATION[side]}.`
  );
  return lines.join("\n");
}

function details(results: Results): string {
  const rows = WORKLOADS.flatMap((workload) =>
    (results.workloads[workload.id] ?? []).map(({ side, samples, note, error }) => [
      workload.title,
      side,
      ...[0.5, 0.1, 0.95].map((share) => shown(workload, quantile(samples, share))),
      String(samples.length),
      error ?? note ?? "",
    ])
  );
  const header = ["workload", "side", "median", "10 of 100", "95 of 100", "samples", "remark"];
  return markdownTable(header, rows);
}

/** Workloads that Capsule has figures of. */
function measured(
  results: Results,
): { workload: Workload; sampled: Sampled[]; own: Sampled }[] {
  return WORKLOADS.flatMap((workload) => {
    const sampled = results.workloads[workload.id] ?? [];
    const own = sideOf(sampled, CAPSULE);
    return own === undefined || own.samples.length === 0 ? [] : [{ workload, sampled, own }];
  });
}

function rivals(sampled: Sampled[]): Sampled[] {
  return sampled.filter(({ side }) => side !== CAPSULE && !YARDSTICKS.has(side));
}

function targetText({ target, unit }: Workload): string {
  const value = target.atMost === undefined ? `≥ ${target.atLeast}` : `≤ ${target.atMost}`;
  if (target.by === "ratio") return `${value} × ${target.over ?? target.under}`;
  const text = `${value.replace(/(\d)(\d{3})$/, "$1,$2")} ${unit}`;
  return target.by === "p95" ? `p95 ${text}` : text;
}

function ratio(times: number): string {
  return times >= 10 ? `${Math.round(times).toLocaleString("en")} ×` : `${times.toPrecision(2)} ×`;
}
