/** Why a task failed. The list is closed; user data never decides it. */
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

/** What went wrong in a task. */
export interface EnvelopeError {
  error_type: ErrorType;
  /** Says the limit, what was used and what to change, or what the task threw. */
  message: string;
  /** Frames in the program's own files and lines, where the language gave any. */
  stack?: string;
  /** Where a program is wrong, as its message says it, where that is known. */
  file?: string;
  line?: number;
  column?: number;
}

/**
 * A request that left the host for a task, also one that was aborted. Headers, bodies, query values and user-info
 * stay out.
 */
export interface HostRequest {
  method: string;
  url: string;
  /** Null if no response came. */
  status: number | null;
  /** Until the head of the response came, or the request was given up. */
  duration_ms: number;
}

/** The figures of a task, all its attempts together, without its sub-tasks. */
export interface Execution {
  task_name: string;
  /** False if the task was called on the host: its function ran there, without a sandbox and without limits. */
  sandboxed: boolean;
  /** Milliseconds, to the microsecond. */
  duration_ms: number;
  /** Retries that took place. */
  retries: number;
  /** Units of WebAssembly fuel. */
  fuel_consumed: number;
  /** Bytes of memory and tables, of the attempt that used most. */
  ram_used: number;
  host_requests: HostRequest[];
}

/** What a task and its sub-tasks have printed, if its caller wants to know: each at most 1 MiB, then cut and marked. */
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

/** What every run of a task gives, whatever went wrong in it. */
export type Envelope<R = unknown> = Success<R> | Failure;

/** The figures of a task that never ran. */
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
  /** Frames inside the task, where there are any. */
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
