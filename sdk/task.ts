import { type Outcome, type TaskCall, taskCall } from "./call.ts";
import type { Arrived } from "./arrived.ts";
import { type Envelope, noExecution } from "./envelope.ts";

/** The CPU limit of a task: a preset, or units of WebAssembly fuel. */
export type Compute = "LOW" | "MEDIUM" | "HIGH" | (string & Record<never, never>) | number;

/** The name, limits and declared access of a task. */
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
  /** Folders that the task can access: none by default. With `git: "ro"`, it can also read the folder's `.git`. */
  allowedFiles?: (string | { path: string; mode?: FileMode; git?: "ro" })[];
  /** Hosts that the task can send requests to: none by default. */
  allowedHosts?: string[];
  /** Environment variables that the task can read: none by default. */
  envVariables?: string[];
}

/** Whether a task can write in a folder. */
export type FileMode = "read-only" | "ro" | "read-write" | "rw";

/** A task. Called in a sandbox, it runs in a new sandbox; called on the host, it is **not sandboxed**. */
export interface Task<A extends unknown[], R, F = (...args: A) => unknown> {
  (...args: A): TaskCall<R>;
  /** The function itself, called without a sandbox. */
  readonly fn: F;
  /** The name of the task. */
  readonly taskName: string;
}

/** The type of the task that {@link task} makes of a function. */
// deno-lint-ignore no-explicit-any -- a function with any parameters, whose types are kept
export type TaskOf<F> = F extends (...args: infer A extends any[]) => infer R
  ? Task<A, Arrived<Awaited<R>>, F>
  : never;

/** Runs calls of tasks. In a sandbox, the engine's dispatcher starts sub-tasks; on the host, `host` calls the function. */
export interface Dispatcher {
  /** Called when a task is declared. */
  declare(options: TaskOptions, fn: (...args: never[]) => unknown): void;
  /** Starts a call. */
  call<R>(name: string, args: unknown[], fn: (...args: never[]) => unknown): Outcome<R>;
}

/**
 * Declares a task. **A task called on the host is not sandboxed**: its function runs in the host's process without limits,
 * with everything that the process can access, and the envelope says `execution.sandboxed: false`. That is meant for tests.
 * To run untrusted code, use `run()`, `open()` or the command `capsule run`.
 *
 * A task called by a program in a sandbox starts at once, in a new sandbox with its own limits. Either way the call returns
 * an envelope and throws nothing.
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
 * @param options The name, limits and access of the task. They are read once, before any call.
 * @param fn The function of the task. Arguments and results are JSON values and bytes (`Uint8Array`).
 */
// Not `(...args: A) => R`: parameters with default values would get the type unknown.
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

/** Sets the dispatcher of all calls. The engine calls this in a sandbox. */
export function setDispatcher(other: Dispatcher): void {
  dispatcher = other;
}

/** Calls the function without a sandbox, and puts its result into an envelope. */
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
        throw new Error(`Cannot read the result of "${name}" yet: await the call first`);
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
