/**
 * Operations of the host, as promises and as blocking calls: one event loop for timers, requests and
 * sub-tasks.
 */
import { ended } from "capsule:host/events@1.0.0";
import * as host from "capsule:host/operations@1.0.0";

export type { Payload } from "capsule:host/operations@1.0.0";
type Payload = host.Payload;

const NO_BYTES = new Uint8Array(0);

/** An operation that the host runs. */
export class Operation {
  readonly #handle: number;
  #outcome: Payload | undefined;
  #resolve: ((outcome: Payload) => void) | undefined;
  #promise: Promise<Payload> | undefined;

  constructor(operation: string, json: string, bytes: Uint8Array = NO_BYTES) {
    this.#handle = host.start(operation, { json, bytes });
    started++;
  }

  /** The outcome, when the operation has ended. */
  ended(): Promise<Payload> {
    // The loop has nothing to wait for then, and would end while it is started.
    if (told.delete(this.#handle)) this.wait();
    this.#promise ??= this.#outcome ? Promise.resolve(this.#outcome) : new Promise((resolve) => {
      this.#resolve = resolve;
      awaited.set(this.#handle, this);
      looping ??= loop();
    });
    return this.#promise;
  }

  /** Blocks until the operation ends, and returns its outcome. */
  wait(): Payload {
    if (this.#outcome === undefined) {
      this.#outcome = host.wait(this.#handle, null)!;
      awaited.delete(this.#handle);
      this.#resolve?.(this.#outcome);
    }
    return this.#outcome;
  }

  /** Cancels the operation, or drops its outcome. Its promise stays pending forever. */
  cancel(): void {
    awaited.delete(this.#handle);
    told.delete(this.#handle);
    host.cancel(this.#handle);
  }
}

/** Operations with a promise, by handle. */
const awaited = new Map<number, Operation>();
/** Operations that ended before they were awaited. */
const told = new Set<number>();
/** The number of operations started. */
let started = 0;
let looping: Promise<void> | undefined;

/** Resolves when no operation is awaited any more: none that will ever end, at least. */
export async function idle(): Promise<void> {
  while (looping !== undefined) await looping;
  told.clear();
}

async function loop(): Promise<void> {
  while (awaited.size > 0) {
    const before = started;
    const handles = await ended().read();
    for (const handle of handles) told.add(handle);
    // Nothing was under way, so nothing that is awaited can end any more.
    if (handles.length === 0 && started === before) break;
    settleTold();
  }
  looping = undefined;
}

function settleTold(): void {
  for (const [handle, operation] of awaited) {
    if (told.delete(handle)) operation.wait();
  }
}

/** Whether an outcome is the host's refusal, and what it says. */
export function refusal(outcome: Payload): string | undefined {
  if (!outcome.json.startsWith('{"error":')) return undefined;
  return JSON.parse(outcome.json).error.message;
}
