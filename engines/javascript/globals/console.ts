/** The console, as Node has it: log, info, debug and table to standard output, the rest to standard error. */
import { encode, write } from "capsule:host/operations@1.0.0";
import type { InspectOptions } from "node:util";
import { durationText } from "../inspect/duration.ts";
import { format, formatWithOptions, inspect } from "../inspect/mod.ts";
import { tableText } from "../inspect/table.ts";
import { inOwnLines } from "../failure/uncaught.ts";
import { define } from "./define.ts";

const OUT = 1;
const ERROR = 2;

/** How a console shows values. */
export interface Options {
  /** For what goes to a descriptor. */
  inspectOptions?(descriptor: number): InspectOptions;
  /** How many spaces a group is moved by. */
  groupIndentation?: number;
}

/** A console, and what its methods write: whole lines, to standard output (1) or error (2). */
export function consoleOver(
  writeText: (descriptor: number, text: string) => void,
  { inspectOptions, groupIndentation = 2 }: Options = {},
) {
  let indent = "";
  const counts = new Map<string, number>();
  const timers = new Map<string, number>();

  function print(descriptor: number, values: unknown[]): void {
    const text = inspectOptions
      ? formatWithOptions(inspectOptions(descriptor), ...values)
      : format(...values);
    const indented = indent ? indent + text.replaceAll("\n", `\n${indent}`) : text;
    writeText(descriptor, `${indented}\n`);
  }

  function elapsed(label: string, method: string): string | undefined {
    const started = timers.get(label);
    if (started !== undefined) return durationText(performance.now() - started);
    warn(`No such label '${label}' for console.${method}()`);
    return undefined;
  }

  const warn = (text: string) => print(ERROR, [`Warning: ${text}`]);

  function begin(values: unknown[]): void {
    if (values.length > 0) print(OUT, values);
    indent += " ".repeat(groupIndentation);
  }

  const methods = {
    log: (...values: unknown[]) => print(OUT, values),
    debug: (...values: unknown[]) => print(OUT, values),
    info: (...values: unknown[]) => print(OUT, values),
    warn: (...values: unknown[]) => print(ERROR, values),
    error: (...values: unknown[]) => print(ERROR, values),
    dir(value: unknown, options?: InspectOptions) {
      const shown = { customInspect: false, ...inspectOptions?.(OUT), ...options };
      print(OUT, [inspect(value, shown)]);
    },
    dirxml: (...values: unknown[]) => print(OUT, values),
    table(data: unknown, properties?: string[]) {
      if (typeof data !== "object" || data === null) return print(OUT, [data]);
      if (properties !== undefined && !Array.isArray(properties)) {
        throw new TypeError('The "properties" argument must be an instance of Array');
      }
      const shown = (value: unknown) =>
        inspect(value, {
          depth: isLarge(value) ? -1 : 0,
          maxArrayLength: 3,
          breakLength: Infinity,
          ...inspectOptions?.(OUT),
        });
      print(OUT, [tableText(data, { properties, inspect: shown })]);
    },
    trace(...values: unknown[]) {
      const text = values.length > 0 ? `Trace: ${format(...values)}` : "Trace";
      print(ERROR, [`${text}\n${inOwnLines(new Error().stack ?? "").trimEnd()}`]);
    },
    assert(condition?: unknown, ...values: unknown[]) {
      if (condition) return;
      if (typeof values[0] === "string") values[0] = `Assertion failed: ${values[0]}`;
      else values.unshift("Assertion failed");
      print(ERROR, values);
    },
    clear() {},
    count(label: unknown = "default") {
      const name = `${label}`;
      const count = (counts.get(name) ?? 0) + 1;
      counts.set(name, count);
      print(OUT, [`${name}: ${count}`]);
    },
    countReset(label: unknown = "default") {
      if (!counts.delete(`${label}`)) warn(`Count for '${label}' does not exist`);
    },
    group: (...values: unknown[]) => begin(values),
    groupCollapsed: (...values: unknown[]) => begin(values),
    groupEnd() {
      indent = indent.slice(groupIndentation);
    },
    time(label: unknown = "default") {
      const name = `${label}`;
      if (timers.has(name)) return warn(`Label '${name}' already exists for console.time()`);
      timers.set(name, performance.now());
    },
    timeLog(label: unknown = "default", ...values: unknown[]) {
      const time = elapsed(`${label}`, "timeLog");
      if (time !== undefined) print(OUT, ["%s: %s", `${label}`, time, ...values]);
    },
    timeEnd(label: unknown = "default") {
      const time = elapsed(`${label}`, "timeEnd");
      if (time !== undefined) print(OUT, ["%s: %s", `${label}`, time]);
      timers.delete(`${label}`);
    },
    profile() {},
    profileEnd() {},
    timeStamp() {},
  };
  return Object.defineProperty(methods, Symbol.toStringTag, {
    value: "console",
    configurable: true,
  });
}

/** Whether a cell of a table shows only of what class its value is. */
function isLarge(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value) &&
    Object.keys(value).length > 2;
}

define({
  console: consoleOver((descriptor, text) => write(descriptor, encode(text.toWellFormed()))),
});
