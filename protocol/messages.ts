/** What client and worker say to each other: the headers of frames. */

/** The version of the protocol. A client checks it before it sends anything. */
export const PROTOCOL = 1;

/** From the client. `json` is the length of the JSON in the payload, if bytes follow it. */
export type ClientMessage =
  | { type: "run"; observe: boolean; json?: number }
  | { type: "open"; observe: boolean }
  /** `detailed`: the JSON of the payload is `{ input, limits, stdin, capture, seed, now }`, and not the input alone. */
  | {
    type: "call";
    program: number;
    task: string;
    observe: boolean;
    detailed: boolean;
    json?: number;
  }
  | { type: "close"; program: number }
  /** `ram` is what all runs of the worker may use, in bytes. */
  | { type: "configure"; ram: number }
  | { type: "cancel" };

/** From the worker. `json` is as above. */
export type WorkerMessage =
  | { type: "ready"; protocol: number; version: string; requests: number }
  | { type: "opened"; program: number; tasks: string[] }
  | { type: "envelope"; json?: number }
  | FailedMessage
  /** `event` is a `RunEvent` without its `data`, which is the payload. */
  | { type: "event"; event: { type: string; [member: string]: unknown } };

/** Why there is no envelope. */
export interface FailedMessage {
  type: "failed";
  /** Of a `CapsuleError`; or `cancelled`, for an `open` that was. */
  code: string;
  message: string;
  hint?: string | undefined;
}
