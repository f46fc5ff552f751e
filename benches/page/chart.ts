/** Draws the results as a chart: a row for each workload, a mark for each side, on a logarithmic time scale. */
import type { Results } from "../comparison/compare.ts";
import { quantile } from "../statistics.ts";
import { CAPSULE, shown } from "../comparison/summary.ts";
import { type Workload, WORKLOADS } from "../comparison/workloads.ts";

const WIDTH = 980;
const LABELS = 300;
const RIGHT = 24;
const TOP = 84;
const ROW = 25;
const BOTTOM = 34;

/** Marks, in the order of the legend. Sides beyond them are not drawn. */
const MARKS: [side: string, shape: string][] = [
  [CAPSULE, "circle"],
  ["the original", "square"],
  ["isolated-vm", "diamond"],
  ["quickjs-emscripten", "triangle"],
  ["monty", "cross"],
  ["pyodide", "ring"],
  ["pyodide, fresh", "box"],
  ["deno run", "bar"],
];

/** A pair of colours for each mark, on white and on black, that colour-blind people can distinguish. */
const COLOURS: [light: string, dark: string][] = [
  ["#0072b2", "#58b4f5"],
  ["#b23c00", "#ff8a4c"],
  ["#00795a", "#35c79c"],
  ["#a8458a", "#e48cc7"],
  ["#8a6000", "#e9b44c"],
  ["#2b8ab5", "#7fd0f2"],
  ["#2b8ab5", "#7fd0f2"],
  ["#6e7781", "#9198a1"],
];
const INK = ["#1f2328", "#f0f6fc"], SOFT = ["#59636e", "#9198a1"];
const GRID = ["#d1d9e0", "#3d444d"], PAPER = ["#ffffff", "#0d1117"];

/** CSS rules without variables, which not every viewer supports. */
function colours(scheme: 0 | 1): string {
  const marks = COLOURS.map((pair, index) =>
    `.s${index}.solid{fill:${pair[scheme]}} .s${index}.line,.s${index}.spread{stroke:${
      pair[scheme]
    }}`
  );
  return [
    `.paper{fill:${PAPER[scheme]}} .grid{stroke:${GRID[scheme]}} .target{stroke:${INK[scheme]}}`,
    `text{fill:${INK[scheme]}} text.soft{fill:${SOFT[scheme]}}`,
    ...marks,
  ].join("\n");
}

const STYLE = `text{font:12px system-ui,sans-serif}
.line{fill:none;stroke-width:2} .spread{stroke-width:2;opacity:.45} .target{stroke-width:2}
${colours(0)}
@media (prefers-color-scheme: dark) {
${colours(1)}
}`;

/** The chart as SVG. */
export function chart(results: Results): string {
  const rows = WORKLOADS.filter(({ id, unit }) => unit === "ms" && results.workloads[id]);
  const values = rows.flatMap(({ id }) =>
    results.workloads[id]!.flatMap(({ samples }) => samples.length > 0 ? [middle(samples)] : [])
  );
  const low = Math.floor(Math.log10(Math.min(...values)));
  const high = Math.ceil(Math.log10(Math.max(...values)));
  const x = (ms: number) => {
    const share = (Math.log10(Math.max(ms, 10 ** low)) - low) / (high - low);
    return round(LABELS + share * (WIDTH - LABELS - RIGHT));
  };
  const height = TOP + rows.length * ROW + BOTTOM;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img">
<title>Capsule and its peers, ${results.date}</title>
<style>${STYLE}
</style>
<rect class="paper" width="${WIDTH}" height="${height}"/>
${legend()}
${axis({ low, high, x, height })}
${rows.map((workload, index) => row(workload, results, x, TOP + index * ROW)).join("\n")}
</svg>
`;
}

function legend(): string {
  const items = MARKS.map(([side, shape], index) => {
    const [left, top] = [20 + (index % 5) * 185, 24 + Math.floor(index / 5) * 22];
    return `${mark(shape, index, left, top)}<text x="${left + 12}" y="${top + 4}">${side}</text>`;
  });
  const [left, top] = [20 + 3 * 185, 46];
  const line = `<path class="target" d="M${left} ${top - 7}v14"/>`;
  items.push(`${line}<text x="${left + 12}" y="${top + 4}">target of Capsule</text>`);
  return items.join("\n");
}

function axis(
  { low, high, x, height }: { low: number; high: number; x(ms: number): number; height: number },
): string {
  const powers = Array.from({ length: high - low + 1 }, (_, index) => low + index);
  return powers.map((power) => {
    const at = x(10 ** power);
    const line = `<path class="grid" d="M${at} ${TOP - 14}V${height - BOTTOM + 2}"/>`;
    const text = power >= 3 ? `${10 ** (power - 3)} s` : `${10 ** power} ms`;
    return `${line}<text class="soft" x="${at}" y="${
      height - 12
    }" text-anchor="middle">${text}</text>`;
  }).join("\n");
}

function row(
  workload: Workload,
  results: Results,
  x: (ms: number) => number,
  top: number,
): string {
  const parts = [
    `<text x="${LABELS - 14}" y="${top + 4}" text-anchor="end">${workload.title}</text>`,
  ];
  const { by, atMost } = workload.target;
  if (by !== "ratio" && atMost !== undefined) {
    parts.push(`<path class="target" d="M${x(atMost)} ${top - 9}v18"/>`);
  }
  // Capsule is drawn last, on top.
  for (const [index, [side, shape]] of [...MARKS.entries()].reverse()) {
    const found = results.workloads[workload.id]!.find((result) => result.side === side);
    if (found === undefined || found.samples.length === 0) continue;
    const [from, to] = [0.1, 0.95].map((share) => x(quantile(found.samples, share)));
    const says = `<title>${side}: ${shown(workload, middle(found.samples))}</title>`;
    const spread = `<path class="s${index} spread" d="M${from} ${top}H${to}"/>`;
    parts.push(`<g>${says}${spread}${mark(shape, index, x(middle(found.samples)), top)}</g>`);
  }
  return parts.join("\n");
}

/** The mark of a side, with its own shape and colour. */
function mark(shape: string, index: number, x: number, y: number): string {
  const shapes: Record<string, string> = {
    circle: `<circle class="s${index} solid" cx="${x}" cy="${y}" r="6"/>`,
    ring: `<circle class="s${index} line" cx="${x}" cy="${y}" r="4.5"/>`,
    square: `<path class="s${index} solid" d="M${x - 5} ${y - 5}h10v10h-10z"/>`,
    box: `<path class="s${index} line" d="M${x - 4} ${y - 4}h8v8h-8z"/>`,
    diamond: `<path class="s${index} solid" d="M${x} ${y - 6.5}l6.5 6.5l-6.5 6.5l-6.5-6.5z"/>`,
    triangle: `<path class="s${index} solid" d="M${x} ${y - 6}l6 11h-12z"/>`,
    cross: `<path class="s${index} line" d="M${x - 4.5} ${y - 4.5}l9 9m0-9l-9 9"/>`,
    bar: `<path class="s${index} line" d="M${x - 6} ${y}h12"/>`,
  };
  return shapes[shape]!;
}

function middle(samples: number[]): number {
  return quantile(samples, 0.5);
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
