/** Runs a task of a program and shows its output, events and result. */
import { shownPath } from "../compiler/program.ts";
import { resolve } from "../platform/path.ts";
import { projectRoot } from "../runner/config/project.ts";
import type { RunEvent } from "../runner/events.ts";
import type { ProgramOptions } from "../runner/options/options.ts";
import { runForText } from "../runner/run.ts";
import { closeRuntime } from "../runner/runtime.ts";
import type { Envelope } from "../sdk/envelope.ts";
import { TraceRecorder } from "../telemetry/recorder.ts";
import { catchInterrupts, INTERRUPTED } from "./interrupts.ts";
import type { Arguments, OptionSpec } from "./options/arguments.ts";
import { HOST_OPTIONS, hostOptionsOf } from "./options/host_options.ts";
import { readArguments } from "./options/task_arguments.ts";
import { follow } from "./terminal/follow.ts";
import { resultOf } from "./terminal/json.ts";
import {
  endLine,
  endOutput,
  noteSummary,
  printLine,
  printResult,
  reportFailure,
  reportHint,
  warn,
} from "./terminal/report.ts";

type Withheld = Extract<RunEvent, { type: "access_withheld" }>;
type Clipped = Extract<RunEvent, { type: "limits_clipped" }>;

/** Options of every command that runs a task. */
export const EXECUTION_OPTIONS: Record<string, OptionSpec> = {
  task: { value: "NAME", help: "The task to run, instead of main" },
  "args-json": { value: "JSON", help: "Arguments of the task, as a JSON array" },
  "args-file": {
    value: "FILE",
    completes: "files",
    help:
      "Arguments from a JSON file, or - for standard input. A file without .json is passed as one string",
  },
  json: { help: "Print only the envelope to standard output, as JSON" },
  mount: {
    value: "SPEC",
    completes: "folders",
    repeated: true,
    help: "Mount a folder for all tasks: HOST[::GUEST][:ro|:rw]",
  },
  verbose: { short: "v", help: "Report each task as it starts, retries and ends" },
  ...HOST_OPTIONS,
  cwd: { value: "DIR", completes: "folders", help: "Working directory for relative paths" },
};

/** What a command line runs. */
export interface Execution {
  program: ProgramOptions;
  /** Arguments of the task, given as text before `--`. */
  texts: string[];
  parsed: Arguments;
  cwd: string;
  /** Aborts the run, because `--watch` starts another one. */
  superseded?: AbortSignal;
}

/** Runs a program. Returns the exit status. */
export async function execute(
  { program, texts, parsed, cwd, superseded }: Execution,
): Promise<number> {
  const taskArguments = await readArguments(parsed, [...texts, ...parsed.rest], cwd);
  const hostOptions = await hostOptionsOf(parsed, cwd);
  const json = parsed.flags.has("json");
  const verbose = parsed.flags.has("verbose");
  const task = parsed.values.get("task")?.[0];

  const interrupt = catchInterrupts();
  superseded?.addEventListener("abort", interrupt.abort);
  const startedMs = Date.now();
  let recorder: TraceRecorder | undefined;
  const show = follow({ json, verbose });
  let withheld: Withheld | undefined;
  let clipped: Clipped | undefined;
  try {
    const text = await runForText({
      ...program,
      ...hostOptions,
      cwd,
      ...(task !== undefined && { task }),
      args: taskArguments,
      mounts: parsed.values.get("mount") ?? [],
      signal: interrupt.signal,
      onEvent(event) {
        if (event.type === "access_withheld") withheld = event;
        if (event.type === "limits_clipped") clipped = event;
        // Compiling writes files, which an interrupt must not leave behind half-written.
        if (event.type === "program_compiling") interrupt.listen();
        // Other threads load the program meanwhile, so this costs no time.
        if (event.type === "program_loading") {
          interrupt.listen();
          recorder ??= recorderOf(program.file, cwd, startedMs, hostOptions.labels);
        }
        recorder?.observe(event);
        show(event);
      },
    });
    if (superseded?.aborted) return INTERRUPTED;
    const envelope = JSON.parse(text) as Envelope;
    endOutput();
    if (json) {
      endLine(1);
      printLine(text);
    } else {
      if (envelope.success) printResult(resultOf(text));
      else reportFailure(envelope);
      if (verbose || !envelope.success) {
        if (withheld) reportHint(hintOf(withheld));
        if (clipped) reportHint(lowered(clipped));
      }
      if (!verbose) noteSummary(envelope);
    }
    const isInterrupted = interrupt.signal.aborted;
    // The trace is written after the result is shown, so that it delays nothing.
    await recorder?.finish(
      isInterrupted ? "interrupted" : envelope.success ? "completed" : "failed",
      closeRuntime,
    );
    // A signal may have arrived while the trace was written.
    return interrupt.signal.aborted ? INTERRUPTED : envelope.success ? 0 : 1;
  } finally {
    interrupt.release();
    closeRuntime();
  }
}

/** A hint about limits that are below what tasks declare. */
function lowered({ limits }: Clipped): string {
  const options = [...new Set(limits.map(({ option }) => `--${option}`))].filter((option) =>
    Object.hasOwn(HOST_OPTIONS, option.slice(2))
  );
  const tasks = [...new Set(limits.map(({ task }) => task))].slice(0, 3).join(", ");
  const raise = options.length > 0 ? `; raise them with ${options.join(", ")}` : "";
  return `limits were lowered below what tasks declare (${tasks})${raise}`;
}

/** A hint with the options that grant what the program declares. */
function hintOf({ hosts, files, env }: Withheld): string {
  const flags = { "--allow-hosts": hosts, "--allow-files": files, "--allow-env": env };
  const given = Object.entries(flags).filter(([, values]) => values.length > 0)
    .map(([flag, values]) => `${flag} ${shellWord(values.join(","))}`);
  return `the program declares access that was not granted: add ${
    given.join(" ")
  }, or --allow-declared`;
}

/** Quotes untrusted text as one shell word, so that pasting the hint runs nothing else. */
function shellWord(text: string): string {
  return /^[\w.,:/@%+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

function recorderOf(
  file: string | undefined,
  cwd: string,
  startedMs: number,
  labels: string[] | undefined,
): TraceRecorder {
  const path = file === undefined ? undefined : resolve(cwd, file);
  const root = projectRoot(path, cwd);
  const name = path === undefined ? "-" : shownPath(root, path);
  return new TraceRecorder(root, { program: name, startedMs, labels }, warn);
}
