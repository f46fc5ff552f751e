/**
 * Tasks that run in sandboxes of their own: `task()` declares one.
 *
 * This module is safe to import anywhere: it touches neither files nor the network, and loads nothing
 * native.
 *
 * @module
 */
export { type Compute, type FileMode, type Task, task, type TaskOptions } from "./sdk/task.ts";
export type { TaskCall } from "./sdk/call.ts";
export {
  type Envelope,
  type EnvelopeError,
  type ErrorType,
  type Execution,
  type Failure,
  type HostRequest,
  type Success,
  TaskError,
  unwrap,
} from "./sdk/envelope.ts";
