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

/** A run that takes longer is written while it runs, in case that its process is killed. */
const WRITTEN_AFTER_MS = 50;
const WRITTEN_EVERY_MS = 1000;
/** How often a run that has ended looks whether others are done with the trace. */
const TRIES_AT_THE_END = 10;
const TRY_AGAIN_MS = 50;
/** How often a run begins another trace. */
const ANEW_AT_MOST = 3;
/** A guest writes messages, and may have 100,000 tasks. */
const MESSAGE_CHARACTERS_AT_MOST = 1000;

/** Writes what happens in one run into the trace of its project. It never fails: it warns. */
export class TraceRecorder {
  readonly #root: string;
  readonly #warn: (message: string) => void;
  readonly #run: RunRow;
  /** By task: its attempts so far. */
  readonly #tasks = new Map<number, AttemptRow[]>();
  /** Of those, what was not written yet. */
  readonly #unwritten = new Set<AttemptRow>();
  #store: TraceStore | undefined;
  #writing: Promise<void> = Promise.resolve();
  /** How often another trace was begun, as this one was damaged or set aside. */
  #timesAnew = 0;
  #cancelTick: (() => void) | undefined;
  #warned = false;
  /** Whether others were writing for as long as one may wait while a run goes on. */
  #isHeldUp = false;

  /** @param run The program, as messages call it, when its run has begun, and what that is called. */
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

  /** Hears of what happens. */
  observe(event: RunEvent): void {
    switch (event.type) {
      case "program_loading":
        // Opened while other threads load the program.
        try {
          this.#store = new TraceStore(this.#root, this.#warn);
        } catch {
          // Who writes tries again, and tells.
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
        // The event has the figures of all attempts together.
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
   * Writes how the run ended. One in which no task has started is not written.
   *
   * @param meanwhile Done while another thread writes.
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
    // Nobody waits any more: where many processes write at once, each gets its turn.
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
    if (!this.#warned && !this.#isHeldUp) void this.#write();
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
   * One after the other: each writes what the one before has left.
   *
   * @param tries How often it is tried while others write. 0 is once, and silently: it is tried again later.
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
        // To wait for a lock holds this process up: once is enough until the end.
        this.#isHeldUp = true;
        return;
      }
      if (tries > 1 && isLocked(error)) {
        await new Promise((resolve) => setTimeout(resolve, TRY_AGAIN_MS));
        return await this.#writeNow(tries - 1);
      }
      const canBeginAnew = isDamage(error) || isMoved(error);
      if (!canBeginAnew || this.#timesAnew++ === ANEW_AT_MOST) return this.#tell(error);
      try {
        if (isDamage(error)) store?.setAside();
      } catch (error) {
        return this.#tell(error);
      }
      for (const row of [...this.#tasks.values()].flat()) this.#unwritten.add(row);
      await this.#writeNow(tries);
    }
  }

  #tell(error: unknown): void {
    if (this.#warned) return;
    this.#warned = true;
    const why = error instanceof Error ? error.message : String(error);
    this.#warn(`this run is not in the trace: ${why}`);
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

/** Names sort by time; two of one millisecond differ all the same. */
function newId(ms: number): string {
  // Nobody has to fear who guesses it: Web Crypto would take a start 0.2 ms.
  const random = Math.floor(Math.random() * 36 ** 3).toString(36).padStart(3, "0");
  return ms.toString(36) + random;
}
