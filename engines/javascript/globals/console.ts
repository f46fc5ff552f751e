/** The console: log, info, debug and table to standard output, the rest to standard error. */
import { encode, write } from "capsule:host/operations@1.0.0";
import inspect from "object-inspect";
import { stackOf } from "../failure.ts";
import { inOwnLines } from "../uncaught.ts";
import { define } from "./define.ts";

const OUT = 1;
const ERROR = 2;

/** What the console shows of values: text as it is, `%` placeholders filled, the rest inspected. */
function format(values: unknown[]): string {
  const [first, ...rest] = values;
  if (typeof first !== "string") return values.map(show).join(" ");
  const filled = first.replaceAll(/%([sdifjoOc%])/g, (placeholder, kind) => {
    if (kind === "%") return "%";
    if (rest.length === 0) return placeholder;
    return fill(kind, rest.shift());
  });
  return [filled, ...rest.map(show)].join(" ");
}

function fill(kind: string, value: unknown): string {
  switch (kind) {
    case "s":
      return typeof value === "object" ? show(value) : String(value);
    case "d":
      return typeof value === "bigint" ? `${value}n` : String(Number(value));
    case "i":
      return typeof value === "bigint" ? `${value}n` : String(Number.parseInt(String(value)));
    case "f":
      return String(Number.parseFloat(String(value)));
    case "j":
      return JSON.stringify(value) ?? "undefined";
    case "c":
      return "";
    default:
      return show(value);
  }
}

function show(value: unknown): string {
  if (typeof value === "string") return value;
  if (typeof value === "bigint") return `${value}n`;
  if (value instanceof Error) return `${value}\n${inOwnLines(stackOf(value))}`.trimEnd();
  return inspect(value, { depth: 5 });
}

/** Rows and columns as text that lines up. */
function tableText(rows: object): string {
  const records = Object.entries(rows).map(([index, row]): Record<string, unknown> =>
    typeof row === "object" && row !== null
      ? { "(index)": index, ...row }
      : { "(index)": index, Values: row }
  );
  const columns = [...new Set(records.flatMap(Object.keys))];
  const cells = [
    columns,
    ...records.map((record) =>
      columns.map((column) => column in record ? show(record[column]) : "")
    ),
  ];
  const widths = columns.map((_, column) => Math.max(...cells.map((row) => row[column]!.length)));
  const lines = cells.map((row) =>
    row.map((cell, column) => cell.padEnd(widths[column]!)).join("  ").trimEnd()
  );
  return lines.join("\n");
}

/** A console, and what its methods write: whole lines, to standard output (1) or error (2). */
export function consoleOver(writeText: (descriptor: number, text: string) => void) {
  let indent = "";
  const counts = new Map<string, number>();
  const timers = new Map<string, number>();

  function print(descriptor: number, values: unknown[]): void {
    const text = format(values);
    const indented = indent ? text.replaceAll(/^/gm, indent) : text;
    writeText(descriptor, `${indented}\n`);
  }

  function elapsed(label: string): string {
    const started = timers.get(label);
    return started === undefined
      ? `there is no timer ${label}`
      : `${label}: ${Date.now() - started} ms`;
  }

  return {
    log: (...values: unknown[]) => print(OUT, values),
    info: (...values: unknown[]) => print(OUT, values),
    debug: (...values: unknown[]) => print(OUT, values),
    dir: (value: unknown) => print(OUT, [show(value)]),
    table: (rows: unknown) =>
      print(OUT, [typeof rows === "object" && rows !== null ? tableText(rows) : rows]),
    warn: (...values: unknown[]) => print(ERROR, values),
    error: (...values: unknown[]) => print(ERROR, values),
    trace(...values: unknown[]) {
      print(ERROR, ["Trace:", ...values, `\n${inOwnLines(new Error().stack ?? "")}`]);
    },
    assert(condition?: unknown, ...values: unknown[]) {
      if (!condition) print(ERROR, ["Assertion failed:", ...values]);
    },
    count(label = "default") {
      const count = (counts.get(label) ?? 0) + 1;
      counts.set(label, count);
      print(OUT, [`${label}: ${count}`]);
    },
    countReset: (label = "default") => counts.delete(label),
    group(...values: unknown[]) {
      if (values.length > 0) print(OUT, values);
      indent += "  ";
    },
    groupEnd() {
      indent = indent.slice(2);
    },
    time: (label = "default") => timers.set(label, Date.now()),
    timeLog: (label = "default", ...values: unknown[]) => print(OUT, [elapsed(label), ...values]),
    timeEnd(label = "default") {
      print(OUT, [elapsed(label)]);
      timers.delete(label);
    },
  };
}

define({
  console: consoleOver((descriptor, text) => write(descriptor, encode(text.toWellFormed()))),
});
