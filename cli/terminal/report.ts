/** Terminal output: results on standard output, everything else on standard error. */
import { platform } from "../../platform/mod.ts";
import { CapsuleError } from "../../errors/error.ts";
import type { RunEvent } from "../../runner/events.ts";
import type { Envelope } from "../../sdk/envelope.ts";
import { parseExactly } from "./json.ts";
import { count, duration, mebibytes } from "./table.ts";
import { styled } from "./style.ts";
import { visible, VisibleBytes, visibleLine } from "./visible.ts";

type OutputEvent = Extract<RunEvent, { type: "output" }>;

const encoder = new TextEncoder();
/** Bytes that a terminal has not shown completely, by task and stream. */
const pending = new Map<string, { descriptor: 1 | 2; bytes: VisibleBytes }>();

/** Writes a line to standard output. */
export function printLine(text: string): void {
  platform.write(1, encoder.encode(`${text}\n`));
}

/** Writes a line to standard error. */
export function noteLine(text: string): void {
  platform.write(2, encoder.encode(`${text}\n`));
}

/** Shows an error of the host, and its hint. */
export function reportError(error: unknown): void {
  if (error instanceof CapsuleError) {
    noteError(error.message);
    if (error.hint) reportHint(error.hint);
  } else if (error instanceof Error && platform.isSystemError(error)) {
    noteError(error.message);
  } else {
    noteError(String(error instanceof Error ? error.stack : error));
    reportHint("this is a bug in Capsule: please report it");
  }
}

/** Shows a `hint:` line. */
export function reportHint(hint: string): void {
  noteLine(`${styled("cyan", "hint:")} ${visible(hint)}`);
}

/** Shows a `warning:` line. */
export function warn(message: string): void {
  noteLine(`${styled("yellow", "warning:")} ${visible(message)}`);
}

function noteError(message: string): void {
  noteLine(`${styled("red", "error:")} ${visible(message)}`);
}

/** Shows a result, given as JSON: a string as text, other values as indented JSON, null not at all. */
export function printResult(json: string): void {
  const result = parseExactly(json);
  if (result === null) return;
  endLine(1);
  const text = typeof result === "string" ? result : JSON.stringify(result, null, 2);
  printLine(platform.isTerminal(1) ? visible(text) : text);
}

/** Shows why a task failed. */
export function reportFailure({ error, execution }: Envelope): void {
  if (error === null) return;
  if (error.error_type === "invalid_program") {
    return noteError(error.message.trimEnd());
  }
  endLine(2);
  const name = visibleLine(execution.task_name);
  noteError(`task "${name}" failed: ${error.message} (${error.error_type})`);
  if (error.stack) noteLine(visible(withoutMessage(error.stack.trimEnd(), error.message)));
}

/** Removes the message from the end of a Python traceback, as it was already shown. */
function withoutMessage(stack: string, message: string): string {
  return stack.endsWith(`\n${message}`) ? stack.slice(0, -message.length).trimEnd() : stack;
}

/** After a run, one line on a terminal: how it ended and what it used. */
export function noteSummary({ success, error, execution }: Envelope): void {
  if (!platform.isTerminal(2) || error?.error_type === "invalid_program") return;
  const { task_name, duration_ms, fuel_consumed, ram_used, retries, host_requests } = execution;
  const counted = (number: number, one: string, many: string) =>
    number === 0 ? [] : [`${number} ${number === 1 ? one : many}`];
  const figures = [
    duration(duration_ms),
    `${count(fuel_consumed)} fuel`,
    mebibytes(ram_used),
    ...counted(retries, "retry", "retries"),
    ...counted(host_requests.length, "request", "requests"),
  ];
  endLine(2);
  const mark = success ? styled("green", "✔") : styled("red", "✘");
  noteLine(`${mark} ${styled("dim", `${visibleLine(task_name)}: ${figures.join(", ")}`)}`);
}

/** Whether the last output of tasks lacks its newline. */
const isWithinLine = { 1: false, 2: false };

/** Before a line is written to `next`: ends a line that a task left unfinished. A terminal shows both streams. */
export function endLine(next: 1 | 2): void {
  for (const descriptor of [1, 2] as const) {
    const isThere = descriptor === next ||
      platform.isTerminal(descriptor) && platform.isTerminal(next);
    if (!isWithinLine[descriptor] || !isThere) continue;
    platform.write(descriptor, encoder.encode("\n"));
    isWithinLine[descriptor] = false;
  }
}

/** Writes a task's output to the same stream of this process. */
export function writeOutput({ task, stream, data }: OutputEvent): void {
  const descriptor = stream === "stderr" ? 2 : 1;
  if (data.length > 0) isWithinLine[descriptor] = data.at(-1) !== 0x0a;
  if (!platform.isTerminal(descriptor)) return void platform.write(descriptor, data);
  const key = `${task} ${stream}`;
  const shown = pending.get(key) ?? { descriptor, bytes: new VisibleBytes() };
  pending.set(key, shown);
  platform.write(descriptor, encoder.encode(shown.bytes.add(data)));
}

/** Shows incomplete characters at the end of a task's output, or of all tasks' output. */
export function endOutput(task?: number): void {
  const keys = task === undefined ? [...pending.keys()] : [`${task} stdout`, `${task} stderr`];
  for (const key of keys) {
    const shown = pending.get(key);
    if (shown) platform.write(shown.descriptor, encoder.encode(shown.bytes.end()));
    pending.delete(key);
  }
}

/** Shows when a task starts, retries or ends. */
export function noteTask(event: RunEvent): void {
  switch (event.type) {
    case "task_started": {
      const from = event.parent === null ? "" : ` from #${event.parent}`;
      return noteLine(styled("dim", `#${event.task} ${visibleLine(event.name)} started${from}`));
    }
    case "task_retried":
      return noteLine(
        `#${event.task} attempt ${event.attempt} failed: ${visible(event.error.message)}`,
      );
    case "task_finished": {
      const outcome = event.error
        ? styled("red", `failed (${event.error.error_type})`)
        : styled("green", "completed");
      const figures = [
        duration(event.durationMs),
        `${count(event.fuelConsumed)} fuel`,
        mebibytes(event.ramUsed),
      ].join(", ");
      const name = `#${event.task} ${visibleLine(event.name)}`;
      return noteLine(`${styled("dim", name)} ${outcome}${styled("dim", `: ${figures}`)}`);
    }
  }
}

/** Shows that a slow step is in progress: a spinner on a terminal, a line elsewhere. */
export function progress(text: string): { done(text: string): void; failed(): void } {
  if (!platform.isTerminal(2)) {
    noteLine(`${text}…`);
    return { done: (text) => noteLine(text), failed() {} };
  }
  let frame = 0;
  const draw = () => {
    const spinner = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"[frame++ % 10];
    platform.write(2, encoder.encode(`\r${spinner} ${text}…\u001b[K`));
  };
  draw();
  const timer = setInterval(draw, 80);
  return {
    done(text) {
      clearInterval(timer);
      platform.write(2, encoder.encode(`\r${styled("green", "✔")} ${text}\u001b[K\n`));
    },
    failed() {
      clearInterval(timer);
      platform.write(2, encoder.encode(`\r${styled("red", "✘")} ${text}\u001b[K\n`));
    },
  };
}
