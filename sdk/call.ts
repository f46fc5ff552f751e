import type { Envelope } from "./envelope.ts";

/** A call that has started, as whoever runs it knows it. */
export interface Outcome<R> {
  /** The envelope, when the call has ended. */
  ended(): Promise<Envelope<R>>;
  /**
   * The envelope, waiting for it where it stands.
   *
   * @throws {Error} where waiting is impossible and the call has not ended.
   */
  wait(): Envelope<R>;
}

/**
 * A call of a task. It has started already; `await` it for its envelope, or read a field of it, which
 * waits there. It stands for the envelope also when it is returned, spread, passed on or written as JSON.
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
