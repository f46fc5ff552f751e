import { type Outcome, type TaskCall, taskCall } from "./call.ts";
import type { Arrived } from "./arrived.ts";
import { type Envelope, noExecution } from "./envelope.ts";

/** How much a task may compute: a preset, or units of WebAssembly fuel. */
export type Compute = "LOW" | "MEDIUM" | "HIGH" | (string & Record<never, never>) | number;

/** What a task may use. */
export interface TaskOptions {
  /** The name of the task, unique in its program: 1 to 128 characters. The entry point is `main`. */
  name: string;
  /**
   * `LOW` (100 million), `MEDIUM` (2 billion, the default), `HIGH` (50 billion), or units of fuel.
   * At the limit the task fails with `fuel_exhausted`.
   */
  compute?: Compute;
  /**
   * Memory, as `"64MB"`, `"1.5 GB"`, `"512KiB"` or a number of bytes. Unlimited (to 4 GiB) by default.
   * At the limit the task fails with `memory_limit`.
   */
  ram?: string | number;
  /**
   * Time for one attempt, as `"500ms"`, `"1.8s"`, `"5m"`, `"1h"` or a number of milliseconds. Unlimited
   * by default. At the limit the task fails with `timeout`.
   */
  timeout?: string | number;
  /** How often a failed attempt is tried again, 0 to 100. 0 by default. */
  maxRetries?: number;
  /** Folders that the task may touch: none by default. With `git`, the folder's `.git` may be read. */
  allowedFiles?: (string | { path: string; mode?: FileMode; git?: "ro" })[];
  /** Hosts that the task may reach: none by default. */
  allowedHosts?: string[];
  /** Environment variables that the task may read: none by default. */
  envVariables?: string[];
}

/** What a task may do in a folder. */
export type FileMode = "read-only" | "ro" | "read-write" | "rw";

/** A task. Called on the host, it is not sandboxed; called in a sandbox, it runs in one of its own. */
export interface Task<A extends unknown[], R, F = (...args: A) => unknown> {
  (...args: A): TaskCall<R>;
  /** The function itself, called without a sandbox. */
  readonly fn: F;
  /** The name of the task. */
  readonly taskName: string;
}

/** The task that a function becomes. */
// deno-lint-ignore no-explicit-any -- arguments of any kind, of which the types are kept
export type TaskOf<F> = F extends (...args: infer A extends any[]) => infer R
  ? Task<A, Arrived<Awaited<R>>, F>
  : never;

/** Runs calls. There is one in a sandbox, where a call is a sub-task, and one on the host. */
export interface Dispatcher {
  /** Learns of a task when it is declared. */
  declare(options: TaskOptions, fn: (...args: never[]) => unknown): void;
  /** Starts a call. */
  call<R>(name: string, args: unknown[], fn: (...args: never[]) => unknown): Outcome<R>;
}

/**
 * Declares a task. **Called on the host, it is not sandboxed**: the plain function runs in the host's process, with all that
 * it may reach and without limits, and `execution.sandboxed` of its envelope is false. That is for tests. To run untrusted
 * code, call `run()` or `open()`, or the command `capsule run`.
 *
 * Called by a program that runs in a sandbox, a task runs in a new sandbox with limits of its own, at once. Either way the
 * call stands for an envelope: a failure is contained and nothing is thrown.
 *
 * ```ts
 * import { task } from "@capsule/sdk";
 *
 * export const analyze = task(
 *   { name: "analyze", compute: "MEDIUM", ram: "512MB", timeout: "30s" },
 *   (rows: number[]) => ({ processed: rows.length }),
 * );
 *
 * export const main = task({ name: "main" }, async () => {
 *   const call = await analyze([1, 2, 3]);
 *   return call.success ? call.result.processed : call.error.message;
 * });
 * ```
 *
 * @param options The name of the task, and what it may use. They are read once, before anything runs.
 * @param fn What the task does. Its arguments and its result are what JSON can hold, and bytes: `Uint8Array`.
 */
// Not `(...args: A) => R`: parameters with a default value would be of type unknown.
// deno-lint-ignore ban-types
export function task<F extends Function>(options: TaskOptions, fn: F): TaskOf<F> {
  if (typeof options !== "object" || options === null || typeof options.name !== "string") {
    throw new TypeError('task() takes its options first: task({ name: "…" }, function)');
  }
  if (typeof fn !== "function") {
    throw new TypeError(
      `task("${options.name}") takes its function second: task(options, function)`,
    );
  }
  const { name } = options;
  const called = fn as unknown as (...args: never[]) => unknown;
  dispatcher.declare(options, called);
  const call = (...args: unknown[]) => taskCall(dispatcher.call(name, args, called));
  Object.defineProperties(call, {
    name: { value: name },
    fn: { value: fn, enumerable: true },
    taskName: { value: name, enumerable: true },
  });
  return call as unknown as TaskOf<F>;
}

/** Calls of tasks go to this dispatcher from now on: the engine says so, in a sandbox. */
export function setDispatcher(other: Dispatcher): void {
  dispatcher = other;
}

/** Runs the plain function, without a sandbox, and wraps what it gives. */
const host: Dispatcher = {
  declare() {},
  call<R>(name: string, args: unknown[], fn: (...args: never[]) => unknown): Outcome<R> {
    const execution = { ...noExecution(name), sandboxed: false };
    const success = (result: unknown): Envelope<R> => ({
      success: true,
      result: (result ?? null) as R,
      error: null,
      execution,
    });
    const failure = (thrown: unknown): Envelope<R> => ({
      success: false,
      result: null,
      error: { error_type: "task_error", message: String(thrown), ...stackOf(thrown) },
      execution,
    });
    let ended: Envelope<R> | undefined;
    let pending: Promise<Envelope<R>>;
    try {
      const result = fn(...args as never[]);
      if (isPromiseLike(result)) {
        pending = Promise.resolve(result).then(success, failure).then((envelope) =>
          ended = envelope
        );
      } else {
        ended = success(result);
      }
    } catch (thrown) {
      ended = failure(thrown);
    }
    return {
      ended: () => ended ? Promise.resolve(ended) : pending,
      wait() {
        if (ended) return ended;
        throw new Error(`Cannot wait for "${name}" outside of a sandbox: await the call first`);
      },
    };
  },
};

let dispatcher = host;

function stackOf(thrown: unknown): { stack?: string } {
  return thrown instanceof Error && thrown.stack ? { stack: thrown.stack } : {};
}

function isPromiseLike(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && "then" in value &&
    typeof value.then === "function";
}
