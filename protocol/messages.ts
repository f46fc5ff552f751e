/** The messages between client and worker: the headers of frames. */

import type { ErrorFields } from "../errors/message.ts";

/** The version of the protocol. A client checks it before it sends anything. */
export const PROTOCOL = 1;

/** Messages from the client. `json` is the length of the JSON in the payload, if bytes follow it. */
export type ClientMessage =
  | { type: "run"; observe: boolean; json?: number }
  | { type: "open"; observe: boolean }
  /** `detailed`: the payload is `{ input, limits, stdin, capture, seed, now }`; otherwise, the input alone. */
  | {
    type: "call";
    program: number;
    task: string;
    observe: boolean;
    detailed: boolean;
    json?: number;
  }
  | { type: "close"; program: number }
  /** `ram`: the memory limit of all runs of the worker together, in bytes. */
  | { type: "configure"; ram: number }
  | { type: "cancel" };

/** Messages from the worker. `json` is as in {@link ClientMessage}. */
export type WorkerMessage =
  | { type: "ready"; protocol: number; version: string; requests: number }
  | { type: "opened"; program: number; tasks: string[] }
  | { type: "envelope"; json?: number }
  | FailedMessage
  /** `event` is a `RunEvent` without its `data`, which is the payload. */
  | { type: "event"; event: { type: string; [member: string]: unknown } };

/** The response to a request that has no envelope. */
export interface FailedMessage {
  type: "failed";
  /** The code of a `CapsuleError`, or `cancelled` for a cancelled request. */
  code: string;
  message: string;
  /** The message without the file, the task and the option. */
  problem?: string;
  /** The fields of the error. */
  fields?: ErrorFields;
  hint?: string | undefined;
}
