import { platform } from "../platform/mod.ts";
import type { RunEvent } from "../runner/events.ts";
import {
  type AttemptRow,
  isDamage,
  isLocked,
  isMoved,
  type RunRow,
  type Status,
  TraceStore,
} from "./store.ts";

/** A run that takes longer is also written while it runs, in case its process is killed. */
const WRITTEN_AFTER_MS = 50;
const WRITTEN_EVERY_MS = 1000;
/** How often the final write is tried while other processes lock the trace. */
const TRIES_AT_THE_END = 10;
const TRY_AGAIN_MS = 50;
/** How often a run replaces a trace that is damaged or was moved. */
const NEW_TRACES_AT_MOST = 3;
/** Longer messages are cut: guests write them, and can start 100,000 tasks. */
const MESSAGE_CHARACTERS_AT_MOST = 1000;

/** Records one run in the trace of its project. It never throws; it warns instead. */
export class TraceRecorder {
  readonly #root: string;
  readonly #warn: (message: string) => void;
  readonly #run: RunRow;
  /** The attempts of each task so far. */
  readonly #tasks = new Map<number, AttemptRow[]>();
  /** Attempts that changed since the last write. */
  readonly #unwritten = new Set<AttemptRow>();
  #store: TraceStore | undefined;
  #writing: Promise<void> = Promise.resolve();
  /** How often the trace was replaced by a new one. */
  #newTraces = 0;
  #cancelTick: (() => void) | undefined;
  #warned = false;
  /** Whether a write found the trace locked. Then the next write is the final one. */
  #wasLocked = false;

  constructor(
    root: string,
    { program, startedMs, labels = [] }: Pick<RunRow, "program" | "startedMs"> & {
      labels?: string[] | undefined;
    },
    warn: (message: string) => void,
  ) {
    this.#root = root;
    this.#warn = warn;
    const run = newId(startedMs);
    this.#run = { run, program, status: "running", startedMs, durationMs: null, labels };
  }

  /** Records an event of the run. */
  observe(event: RunEvent): void {
    switch (event.type) {
      case "program_loading":
        // The trace is opened now, while other threads load the program.
        try {
          this.#store = new TraceStore(this.#root, this.#warn);
        } catch {
          // The first write tries again and reports the error.
        }
        break;
      case "task_started": {
        const { task, parent, name } = event;
        this.#begin({ task, parent, name, attempt: 1 });
        break;
      }
      case "task_retried": {
        const { task, attempt, durationMs, fuelConsumed, ramUsed, error } = event;
        const row = this.#tasks.get(task)?.at(-1);
        if (row === undefined) break;
        this.#end(row, "failed", durationMs, fuelConsumed, ramUsed, error);
        this.#begin({ task, parent: row.parent, name: row.name, attempt: attempt + 1 });
        break;
      }
      case "task_finished": {
        const { task, fuelConsumed, ramUsed, error } = event;
        const attempts = this.#tasks.get(task);
        const row = attempts?.at(-1);
        if (row === undefined) break;
        // The event has the sums of all attempts: subtract those of earlier ones.
        const before = attempts!.slice(0, -1);
        const sum = (of: (row: AttemptRow) => number | null) =>
          before.reduce((total, row) => total + (of(row) ?? 0), 0);
        const durationMs = Math.max(0, event.durationMs - sum((row) => row.durationMs));
        const fuel = Math.max(0, fuelConsumed - sum((row) => row.fuel));
        this.#end(row, statusOf(error), durationMs, fuel, ramUsed, error);
        break;
      }
    }
  }

  /**
   * Writes how the run ended. A run in which no task started is not recorded.
   *
   * @param meanwhile Called while another thread writes.
   */
  async finish(status: Status, meanwhile?: () => void): Promise<void> {
    this.#cancelTick?.();
    if (this.#tasks.size === 0) return this.#store?.close();
    this.#run.status = status;
    this.#run.durationMs = Date.now() - this.#run.startedMs;
    for (const row of [...this.#tasks.values()].flat()) {
      const isCut = row.status === "running" ||
        status === "interrupted" && row.status === "cancelled";
      if (!isCut) continue;
      row.status = status === "interrupted" ? "interrupted" : "cancelled";
      this.#unwritten.add(row);
    }
    // The result is already shown, so there is time to wait for other processes' locks.
    await this.#write(TRIES_AT_THE_END, meanwhile);
    this.#store?.close();
  }

  #begin(task: Pick<AttemptRow, "task" | "parent" | "name" | "attempt">): void {
    const row: AttemptRow = {
      ...task,
      run: this.#run.run,
      status: "running",
      startedMs: Date.now(),
      durationMs: null,
      fuel: null,
      ram: null,
      errorType: null,
      message: null,
    };
    const attempts = this.#tasks.get(task.task);
    if (attempts) attempts.push(row);
    else this.#tasks.set(task.task, [row]);
    this.#unwritten.add(row);
    if (this.#cancelTick !== undefined) return;
    this.#cancelTick = platform.after(WRITTEN_AFTER_MS, () => this.#tick());
  }

  #tick(): void {
    if (!this.#warned && !this.#wasLocked) void this.#write();
    this.#cancelTick = platform.after(WRITTEN_EVERY_MS, () => this.#tick());
  }

  #end(
    row: AttemptRow,
    status: Status,
    durationMs: number,
    fuel: number,
    ram: number,
    error: { error_type: string; message: string } | null,
  ): void {
    Object.assign(row, { status, durationMs, fuel, ram });
    row.errorType = error?.error_type ?? null;
    row.message = error === null ? null : shorten(error.message);
    this.#unwritten.add(row);
  }

  /**
   * Writes changed attempts, after earlier writes.
   *
   * @param tries How often a locked trace is tried. 0: once, without a warning, as a later write follows.
   */
  #write(tries = 0, meanwhile?: () => void): Promise<void> {
    return this.#writing = this.#writing.then(() => this.#writeNow(tries, meanwhile));
  }

  async #writeNow(tries: number, meanwhile?: () => void): Promise<void> {
    try {
      this.#store ??= new TraceStore(this.#root, this.#warn);
      this.#store.write(this.#run, [...this.#unwritten], meanwhile);
      this.#unwritten.clear();
    } catch (error) {
      const store = this.#store;
      store?.close();
      this.#store = undefined;
      if (tries === 0 && isLocked(error)) {
        // Waiting for a lock blocks this process, so the next write is the final one.
        this.#wasLocked = true;
        return;
      }
      if (tries > 1 && isLocked(error)) {
        await new Promise((resolve) => setTimeout(resolve, TRY_AGAIN_MS));
        return await this.#writeNow(tries - 1);
      }
      const canReplace = isDamage(error) || isMoved(error);
      if (!canReplace || this.#newTraces++ === NEW_TRACES_AT_MOST) return this.#warnOf(error);
      try {
        if (isDamage(error)) store?.setAside();
      } catch (error) {
        return this.#warnOf(error);
      }
      for (const row of [...this.#tasks.values()].flat()) this.#unwritten.add(row);
      await this.#writeNow(tries);
    }
  }

  #warnOf(error: unknown): void {
    if (this.#warned) return;
    this.#warned = true;
    const why = error instanceof Error ? error.message : String(error);
    this.#warn(`Cannot record this run in the trace: ${why}`);
  }
}

function statusOf(error: { error_type: string } | null): Status {
  if (error === null) return "completed";
  return error.error_type === "cancelled" ? "cancelled" : "failed";
}

function shorten(message: string): string {
  if (message.length <= MESSAGE_CHARACTERS_AT_MOST) return message;
  return `${message.slice(0, MESSAGE_CHARACTERS_AT_MOST).toWellFormed()}…`;
}

/** An ID that sorts by time and is unique within a millisecond. */
function newId(ms: number): string {
  // It need not be unguessable, and Web Crypto takes 0.2 ms to load.
  const random = Math.floor(Math.random() * 36 ** 3).toString(36).padStart(3, "0");
  return ms.toString(36) + random;
}
