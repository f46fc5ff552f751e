import type { Envelope } from "./envelope.ts";

/** A started call, as its dispatcher provides it. */
export interface Outcome<R> {
  /** The envelope, when the call has ended. */
  ended(): Promise<Envelope<R>>;
  /**
   * Blocks until the call has ended. Returns its envelope.
   *
   * @throws {Error} on a host, if the call has not ended.
   */
  wait(): Envelope<R>;
}

/**
 * A call of a task, which has already started. `await` it to get its envelope; reading a field of it blocks until the
 * call has ended. Returned, spread, passed on or written as JSON, it behaves like the envelope.
 */
export type TaskCall<R> = Envelope<R> & PromiseLike<Envelope<R>>;

const FIELDS = ["success", "result", "error", "execution"] as const;

/** Wraps a call that has started. */
export function taskCall<R>(outcome: Outcome<R>): TaskCall<R> {
  const call = Object.create(TaskCallPrototype);
  for (const field of FIELDS) {
    Object.defineProperty(call, field, {
      enumerable: true,
      configurable: true,
      get: () => outcome.wait()[field],
    });
  }
  Object.defineProperty(call, "then", {
    value: (resolve?: (envelope: Envelope<R>) => unknown, reject?: (reason: unknown) => unknown) =>
      outcome.ended().then(resolve, reject),
  });
  return call;
}

const TaskCallPrototype = {
  get [Symbol.toStringTag](): string {
    return "TaskCall";
  },
  catch(this: PromiseLike<unknown>, reject: (reason: unknown) => unknown): PromiseLike<unknown> {
    return this.then(undefined, reject);
  },
  finally(this: PromiseLike<unknown>, settled: () => void): PromiseLike<unknown> {
    return Promise.resolve(this).finally(settled);
  },
};
