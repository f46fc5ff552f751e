import { findInstallation } from "../../install/installation.ts";
import { projectRoot } from "../../runner/config/project.ts";
import { hasTrace, TraceStore } from "../../telemetry/store.ts";
import { type Arguments, type CommandSpec, parseArguments } from "../options/arguments.ts";
import { workingFolder } from "../options/folder.ts";
import { noteLine, printLine, warn } from "../terminal/report.ts";
import { duration, moment, table } from "../terminal/table.ts";

const SHOWN = 20;

export const listCommand: CommandSpec = {
  name: "list",
  usage: "[OPTIONS]",
  argumentsAtMost: 0,
  summary: "List the runs of this project",
  details: `
Lists the latest runs of the project, newest first. The project is the folder of the
nearest capsule.toml, or the working directory. capsule trace RUN shows the tasks of a run.

Examples:
  capsule list
  capsule list --label nightly
  capsule list --all --json`,
  options: {
    all: { help: `Show all runs, not only the last ${SHOWN}` },
    json: { help: "Print the runs as a JSON array" },
    label: {
      value: "TEXT",
      repeated: true,
      help: "Show only runs with this label; if repeated, with all of them",
    },
    cwd: {
      value: "DIR",
      completes: "folders",
      help: "A folder of the project",
    },
  },
};

/** Shows runs. Returns the exit code. */
export async function list(args: string[]): Promise<number> {
  const parsed = parseArguments(args, listCommand);
  const store = await openTrace(parsed);
  const atMost = parsed.flags.has("all") ? Number.MAX_SAFE_INTEGER : SHOWN;
  const wanted = parsed.values.get("label") ?? [];
  const runs = store?.runs(atMost, wanted) ?? [];
  store?.close();
  if (parsed.flags.has("json")) {
    printLine(JSON.stringify(runs, null, 2));
  } else if (runs.length === 0) {
    noteLine(
      wanted.length > 0
        ? `no run has ${wanted.length > 1 ? "these labels" : "this label"}`
        : "no runs recorded in this project; capsule run FILE records one",
    );
  } else {
    const header = ["RUN", "STARTED", "STATUS", "DURATION>", "TASKS>", "PROGRAM"];
    if (runs.some(({ labels }) => labels.length > 0)) header.push("LABELS");
    const rows = runs.map(({ run, startedMs, status, durationMs, tasks, program, labels }) => [
      run,
      moment(startedMs),
      status,
      duration(durationMs),
      String(tasks),
      program,
      ...header.includes("LABELS") ? [labels.join(", ")] : [],
    ]);
    printLine(table(header, rows));
  }
  return 0;
}

/** Opens the project's trace if there is one. Never creates it. */
export async function openTrace(parsed: Arguments): Promise<TraceStore | undefined> {
  await findInstallation();
  const root = projectRoot(undefined, workingFolder(parsed));
  if (!hasTrace(root)) return undefined;
  const store = new TraceStore(root, warn);
  store.markInterrupted();
  return store;
}
