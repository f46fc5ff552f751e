/** The part of the SDK that is the same in sandboxes and on hosts. */
export {
  type Compute,
  type FileMode,
  type Task,
  task,
  type TaskOf,
  type TaskOptions,
} from "./task.ts";
export type { Arrived } from "./arrived.ts";
export type { TaskCall } from "./call.ts";
export {
  type Captured,
  type Envelope,
  type EnvelopeError,
  type ErrorType,
  type Execution,
  type Failure,
  type HostRequest,
  type Success,
  TaskError,
  unwrap,
} from "./envelope.ts";
