import { CapsuleError } from "../../errors/error.ts";
import type { AttemptRow, RunRow } from "../../telemetry/store.ts";
import { type CommandSpec, parseArguments } from "../options/arguments.ts";
import { openTrace } from "./list.ts";
import { printLine } from "../terminal/report.ts";
import { count, duration, mebibytes, moment, table } from "../terminal/table.ts";
import { visibleLine } from "../terminal/visible.ts";

export const traceCommand: CommandSpec = {
  name: "trace",
  usage: "[RUN] [OPTIONS]",
  argumentsAtMost: 1,
  summary: "Show the tasks of a run, as a tree",
  details: `
RUN is the ID of a run, as capsule list shows it, or the beginning of one; the last run by
default. Each attempt of a task is one line.

Examples:
  capsule trace
  capsule trace mc3k9x2f --json`,
  options: {
    json: { help: "Print the run and its attempts as JSON" },
    cwd: {
      value: "DIR",
      completes: "folders",
      help: "A folder of the project",
    },
  },
};

/** Shows a run. Returns the exit code. */
export async function trace(args: string[]): Promise<number> {
  const parsed = parseArguments(args, traceCommand);
  const store = await openTrace(parsed);
  try {
    const prefix = parsed.positional[0];
    const found = prefix === undefined ? store?.runs(1) : store?.find(prefix);
    const run = runOf(found ?? [], prefix);
    const attempts = store?.attempts(run.run) ?? [];
    if (parsed.flags.has("json")) printLine(JSON.stringify({ ...run, attempts }, null, 2));
    else show(run, attempts);
    return 0;
  } finally {
    store?.close();
  }
}

function runOf(found: RunRow[], prefix: string | undefined): RunRow {
  if (found.length === 1) return found[0]!;
  if (prefix === undefined) {
    throw new CapsuleError("invalid_argument", "no runs recorded in this project", {
      hint: "capsule run FILE records one",
    });
  }
  const problem = found.length === 0
    ? `unknown run ${JSON.stringify(prefix)}`
    : `${found.length} runs begin with ${JSON.stringify(prefix)}`;
  throw new CapsuleError("invalid_argument", problem, { hint: "capsule list shows all runs" });
}

function show(run: RunRow, attempts: AttemptRow[]): void {
  const took = run.durationMs === null ? "" : ` in ${duration(run.durationMs)}`;
  const [name, program, status] = [run.run, run.program, run.status].map(visibleLine);
  const labels = run.labels.length === 0 ? "" : `  ${visibleLine(run.labels.join(", "))}`;
  printLine(`${name}  ${program}  ${moment(run.startedMs)}  ${status}${took}${labels}\n`);
  const rows = tree(attempts).map(([branch, row]) => [
    branch + row.name + (row.attempt > 1 ? ` (attempt ${row.attempt})` : ""),
    row.status,
    duration(row.durationMs),
    count(row.fuel),
    mebibytes(row.ram),
    row.errorType === null ? "" : `${row.errorType}: ${firstLine(row.message ?? "")}`,
  ]);
  const header = ["TASK", "STATUS", "DURATION>", "FUEL>", "RAM>", "ERROR"];
  printLine(table(header, rows));
}

/** Deeper tasks are not indented further. An untrusted trace may nest tasks without limit. */
const INDENTED_AT_MOST = 100;

function firstLine(text: string): string {
  const [first = "", ...rest] = text.split("\n");
  return rest.length > 0 ? `${first}…` : first;
}

/** Attempts in tree order, each with the branch to draw before it. */
function tree(attempts: AttemptRow[]): [branch: string, row: AttemptRow][] {
  const children = new Map<number | null, AttemptRow[]>();
  for (const row of attempts) {
    const siblings = children.get(row.parent);
    if (siblings) siblings.push(row);
    else children.set(row.parent, [row]);
  }
  const lines: [string, AttemptRow][] = [];
  // The trace is untrusted and may hold cycles: each task is entered once, without recursion.
  const todo: { parent: number | null; indent: string; next: number }[] = [
    { parent: null, indent: "", next: 0 },
  ];
  const entered = new Set<number | null>([null]);
  for (let level = todo.at(-1); level !== undefined; level = todo.at(-1)) {
    const { parent, indent } = level;
    const rows = children.get(parent) ?? [];
    const row = rows[level.next++];
    if (row === undefined) {
      todo.pop();
      continue;
    }
    const isLast = level.next === rows.length;
    const isRoot = parent === null;
    lines.push([isRoot ? "" : indent + (isLast ? "└─ " : "├─ "), row]);
    // Sub-tasks stand below the last attempt of their task.
    if (rows[level.next]?.task === row.task || entered.has(row.task)) continue;
    entered.add(row.task);
    const isIndented = !isRoot && todo.length <= INDENTED_AT_MOST;
    const inner = isIndented ? indent + (isLast ? "   " : "│  ") : indent;
    todo.push({ parent: row.task, indent: inner, next: 0 });
  }
  return lines;
}
