/** Why a task failed. The list is fixed, and programs cannot choose the type. */
export type ErrorType =
  | "invalid_program"
  | "task_error"
  | "timeout"
  | "fuel_exhausted"
  | "memory_limit"
  | "stack_overflow"
  | "output_limit"
  | "resource_limit"
  | "task_limit"
  | "task_not_found"
  | "invalid_result"
  | "invalid_module"
  | "cancelled"
  | "internal_error";

/** The error of a task. */
export interface EnvelopeError {
  error_type: ErrorType;
  /** What the task threw; or the limit, what was used, and what to change. */
  message: string;
  /** Stack frames with the program's own files and lines, if the language has any. */
  stack?: string;
  /** For `invalid_program`, the place of the error, if known. */
  file?: string;
  line?: number;
  column?: number;
}

/**
 * A request that the host sent for a task, including aborted ones. It has no headers, bodies, query values or user-info.
 */
export interface HostRequest {
  method: string;
  url: string;
  /** Null if there was no response. */
  status: number | null;
  /** The time until the response headers arrived, or the request failed. */
  duration_ms: number;
}

/** What a task used: the sum of all its attempts, without its sub-tasks. */
export interface Execution {
  task_name: string;
  /** False if the task was called on the host: its function ran there, without a sandbox and without limits. */
  sandboxed: boolean;
  /** Milliseconds, with a resolution of a microsecond. */
  duration_ms: number;
  /** Retries that took place. */
  retries: number;
  /** Units of WebAssembly fuel. */
  fuel_consumed: number;
  /** Bytes of memory and tables of the attempt that used most. */
  ram_used: number;
  host_requests: HostRequest[];
}

/** What a task and its sub-tasks printed, with the option `capture`: at most 1 MiB each, then cut and marked. */
export interface Captured {
  stdout?: string;
  stderr?: string;
}

/** The envelope of a task that returned. */
export interface Success<R> extends Captured {
  success: true;
  result: R;
  error: null;
  execution: Execution;
}

/** The envelope of a task that failed. */
export interface Failure extends Captured {
  success: false;
  result: null;
  error: EnvelopeError;
  execution: Execution;
}

/** The outcome of a task: every call returns an envelope, whatever went wrong. */
export type Envelope<R = unknown> = Success<R> | Failure;

/** `execution` of a task that never ran. */
export function noExecution(taskName: string): Execution {
  return {
    task_name: taskName,
    sandboxed: true,
    duration_ms: 0,
    retries: 0,
    fuel_consumed: 0,
    ram_used: 0,
    host_requests: [],
  };
}

/** Thrown by {@link unwrap} for a task that failed. */
export class TaskError extends Error {
  override readonly name = "TaskError";
  /** Why the task failed. */
  readonly errorType: ErrorType;
  /** Stack frames inside the task, if there are any. */
  readonly taskStack: string | undefined;

  constructor(error: EnvelopeError) {
    super(error.message);
    this.errorType = error.error_type;
    this.taskStack = error.stack;
  }
}

/**
 * The result of a task that succeeded.
 *
 * ```ts
 * import { task, unwrap } from "@capsule/sdk";
 *
 * const double = task({ name: "double" }, (n: number) => 2 * n);
 * console.log(unwrap(double(21))); // 42
 * ```
 *
 * @throws {TaskError} if the task failed.
 */
export function unwrap<R>(envelope: Envelope<R>): R {
  if (envelope.success) return envelope.result;
  throw new TaskError(envelope.error);
}
