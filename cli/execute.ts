/** Runs the main task of a program and shows what comes of it. */
import { shownPath } from "../compiler/program.ts";
import { CapsuleError } from "../errors/error.ts";
import { platform } from "../platform/mod.ts";
import { resolve } from "../platform/path.ts";
import type { RunEvent } from "../runner/events.ts";
import type { ProgramOptions } from "../runner/options.ts";
import { mayHaveBytesKey } from "../sdk/bytes.ts";
import { projectRoot } from "../runner/config/project.ts";
import { runForText } from "../runner/run.ts";
import { closeRuntime } from "../runner/runtime.ts";
import type { Envelope } from "../sdk/envelope.ts";
import { TraceRecorder } from "../telemetry/recorder.ts";
import type { FileStat } from "../platform/platform.ts";
import type { Arguments, OptionSpec } from "./options/arguments.ts";
import { HOST_OPTIONS, hostOptionsOf } from "./options/host_options.ts";
import { parseExactly, resultOf } from "./terminal/json.ts";
import { visible } from "./terminal/visible.ts";
import {
  endLine,
  endOutput,
  noteLine,
  noteTask,
  printLine,
  printResult,
  progress,
  reportFailure,
  reportHint,
  writeOutput,
} from "./terminal/report.ts";

/** Nearly none, but as soon as this process waits for something. */
const SOON_MS = 0.01;
/** The exit status of a run that a signal ended. */
const INTERRUPTED = 130;

type Withheld = Extract<RunEvent, { type: "access_withheld" }>;
type Clipped = Extract<RunEvent, { type: "limits_clipped" }>;

/** Options of every command that runs a task. */
export const EXECUTION_OPTIONS: Record<string, OptionSpec> = {
  "args-json": { value: "JSON", help: "Arguments of main, as a JSON array" },
  "args-file": {
    value: "FILE",
    completes: "files",
    help:
      "The same from a file, a pipe or - for standard input; another file than JSON is one text",
  },
  json: { help: "Print the envelope as JSON, and nothing else, to standard output" },
  mount: {
    value: "SPEC",
    completes: "folders",
    repeated: true,
    help: "Let all tasks use a folder: HOST[::GUEST][:ro|:rw]",
  },
  verbose: { short: "v", help: "Tell of each task as it starts, retries and ends" },
  ...HOST_OPTIONS,
  cwd: { value: "DIR", completes: "folders", help: "The folder that relative paths start from" },
};

/** Runs a program. Returns the exit status. */
export async function execute(
  program: ProgramOptions,
  texts: string[],
  parsed: Arguments,
  cwd: string,
): Promise<number> {
  const taskArguments = await readArguments(parsed, [...texts, ...parsed.rest], cwd);
  const hostOptions = await hostOptionsOf(parsed, cwd);
  const json = parsed.flags.has("json");
  const verbose = parsed.flags.has("verbose");

  const interrupt = catchInterrupts();
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
      args: taskArguments,
      mounts: parsed.values.get("mount") ?? [],
      signal: interrupt.signal,
      onEvent(event) {
        if (event.type === "access_withheld") withheld = event;
        if (event.type === "limits_clipped") clipped = event;
        // Of what is written from now on, nothing shall be left.
        if (event.type === "program_compiling") interrupt.listen();
        // Others load the program: this process has nothing else to do now.
        if (event.type === "program_loading") {
          interrupt.listen();
          recorder ??= recorderOf(program.file, cwd, startedMs, hostOptions.labels);
        }
        recorder?.observe(event);
        show(event);
      },
    });
    const envelope = JSON.parse(text) as Envelope;
    endOutput();
    if (json) {
      endLine(1);
      printLine(text);
    } else if (envelope.success) {
      printResult(resultOf(text));
    } else {
      reportFailure(envelope);
      if (withheld) reportHint(hintOf(withheld));
      if (clipped) reportHint(lowered(clipped));
    }
    const isInterrupted = interrupt.signal.aborted;
    // After the result, which nobody shall wait for.
    await recorder?.finish(
      isInterrupted ? "interrupted" : envelope.success ? "completed" : "failed",
      closeRuntime,
    );
    return isInterrupted ? INTERRUPTED : envelope.success ? 0 : 1;
  } finally {
    interrupt.release();
    closeRuntime();
  }
}

/** Which limits are below what tasks declare. */
function lowered({ limits }: Clipped): string {
  const options = [...new Set(limits.map(({ option }) => `--${option}`))].filter((option) =>
    Object.hasOwn(HOST_OPTIONS, option.slice(2))
  );
  const tasks = [...new Set(limits.map(({ task }) => task))].slice(0, 3).join(", ");
  const raise = options.length > 0 ? `; ${options.join(", ")} can give more` : "";
  return `tasks declare more than they were given (${tasks})${raise}`;
}

/** What would grant that which a program declares. */
function hintOf({ hosts, files, env }: Withheld): string {
  const flags = { "--allow-hosts": hosts, "--allow-files": files, "--allow-env": env };
  const given = Object.entries(flags).filter(([, values]) => values.length > 0)
    .map(([flag, values]) => `${flag} ${values.join(",")}`);
  return `the program wants more than it was given: ${given.join(" ")}, or --allow-declared`;
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
  const warn = (message: string) => noteLine(`warning: ${visible(message)}`);
  return new TraceRecorder(root, { program: name, startedMs, labels }, warn);
}

interface Interrupts {
  signal: AbortSignal;
  /** Listens from now on, and not only once this process waits for something. */
  listen(): void;
  release(): void;
}

/**
 * The first Ctrl-C cancels; a second one ends the process as it always does, and so does one that comes before anything
 * has begun: to listen takes 0.3 ms, for which there is time while a program is loaded.
 */
function catchInterrupts(): Interrupts {
  const controller = new AbortController();
  let listening: (() => void)[] | undefined;
  const listen = () => {
    listening ??= [
      platform.onSignal("SIGINT", interrupted),
      platform.onSignal("SIGTERM", interrupted),
    ];
  };
  const release = () => {
    stop();
    for (const stop of listening ?? []) stop();
    listening = [];
  };
  const interrupted = () => {
    release();
    controller.abort();
  };
  const stop = platform.after(SOON_MS, listen);
  return { signal: controller.signal, listen, release };
}

async function readArguments(
  parsed: Arguments,
  texts: string[],
  cwd: string,
): Promise<unknown[]> {
  const json = parsed.values.get("args-json")?.[0];
  const file = parsed.values.get("args-file")?.[0];
  const given = [json !== undefined, file !== undefined, texts.length > 0].filter(Boolean);
  if (given.length > 1) {
    throw new CapsuleError(
      "invalid_argument",
      "arguments are given in two ways: as ARGS, by --args-json or by --args-file",
    );
  }
  if (json !== undefined) return await parseJsonArray(json, "--args-json");
  if (file === undefined) return texts;
  if (file === "-" && parsed.positional[0] === "-") {
    throw new CapsuleError(
      "invalid_argument",
      "standard input is the program: it cannot be --args-file, too",
    );
  }
  const path = resolve(cwd, file);
  const stat = file === "-" ? undefined : platform.stat(path);
  const bytes = file === "-" ? await platform.readInput() : readFile(file, path, stat);
  // What has no name has no ending: it is JSON.
  const isJson = file.endsWith(".json") || stat?.isFile !== true;
  let text: string;
  try {
    text = decoder.decode(bytes);
  } catch (cause) {
    throw new CapsuleError("invalid_argument", `Cannot read "${file}": it is not UTF-8`, {
      hint: "mount its folder, and pass its name: the program reads its bytes",
      cause,
    });
  }
  return isJson ? await parseJsonArray(text, file) : [text];
}

function readFile(file: string, path: string, stat: FileStat | undefined): Uint8Array {
  const bytes = stat === undefined || stat.isFolder ? undefined : platform.readFile(path);
  if (bytes !== undefined) return bytes;
  const problem = stat?.isFolder ? "it is a folder" : "there is no such file";
  throw new CapsuleError("file_not_found", `Cannot read "${file}": ${problem}`);
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

async function parseJsonArray(text: string, where: string): Promise<unknown[]> {
  let value: unknown;
  try {
    // Some editors write a byte order mark.
    value = parseExactly(text.replace(/^\ufeff/, ""));
  } catch (cause) {
    throw new CapsuleError(
      "invalid_argument",
      `${where} is not JSON: ${(cause as Error).message}`,
      {
        hint: `write an array of arguments: '["text", 5, true]'`,
        cause,
      },
    );
  }
  if (Array.isArray(value)) {
    if (!mayHaveBytesKey(text)) return value;
    const { withBytes } = await import("../runner/envelope/bytes_json.ts");
    return withBytes(value, `${where}: args`) as unknown[];
  }
  throw new CapsuleError("invalid_argument", `${where} is not a JSON array`, {
    hint: `write an array of arguments: '["text", 5, true]'`,
  });
}

/** Shows what happens while it happens. */
function follow({ json, verbose }: { json: boolean; verbose: boolean }): (event: RunEvent) => void {
  let compiling: ReturnType<typeof progress> | undefined;
  return (event) => {
    switch (event.type) {
      case "engine_compiling":
        compiling = progress(
          `Compiling the ${nameOf(event.language)} engine for this machine, once`,
        );
        break;
      case "engine_compiled":
        compiling?.done(
          `The ${nameOf(event.language)} engine is ready (${
            (event.durationMs / 1000).toFixed(1)
          } s)`,
        );
        break;
      case "cache_unavailable":
        noteLine(`warning: each run compiles the engine again: ${visible(event.reason)}`);
        reportHint(event.hint);
        break;
      case "output":
        writeOutput(json ? { ...event, stream: "stderr" } : event);
        break;
      case "task_finished":
        endOutput(event.task);
        if (verbose) noteTask(event);
        break;
      default:
        if (verbose) noteTask(event);
    }
  };
}

function nameOf(language: string): string {
  return language === "python" ? "Python" : "JavaScript";
}
