import { CACHE_HINT } from "../cache/place.ts";
import type { Language, NativeEvent } from "../ffi/native.ts";
import type { ClippedLimit } from "./policy/limits.ts";

/** What happens while a program is loaded and its tasks run. Tasks are numbered within their run. */
export type RunEvent =
  /** A file that has changed since it was last run, or was never run. Not sent for text. */
  | { type: "program_compiling" }
  | { type: "program_loading"; language: Language }
  | { type: "engine_compiling"; language: Language }
  | { type: "engine_compiled"; language: Language; durationMs: number }
  /** The compiled engine cannot be kept, so the next process compiles it again. Sent once per process. */
  | { type: "cache_unavailable"; reason: string; hint: string }
  /** What tasks declare and the host does not grant. */
  | { type: "access_withheld"; hosts: string[]; files: string[]; env: string[] }
  /** Limits that tasks declare and `limits` has lowered: the first 100. */
  | { type: "limits_clipped"; limits: ClippedLimit[] }
  /** Task 0 is the program's top-level code. */
  | { type: "output"; task: number; stream: "stdout" | "stderr"; data: Uint8Array }
  | { type: "task_started"; task: number; parent: number | null; name: string }
  | {
    type: "task_retried";
    task: number;
    /** The attempt that failed: 1 is the first. */
    attempt: number;
    durationMs: number;
    fuelConsumed: number;
    ramUsed: number;
    error: { error_type: string; message: string };
  }
  | {
    type: "task_finished";
    task: number;
    name: string;
    durationMs: number;
    retries: number;
    fuelConsumed: number;
    ramUsed: number;
    /** Null if the task succeeded. */
    error: { error_type: string; message: string } | null;
  };

/** Converts an event of the native library into one of the API. */
export function runEvent(event: NativeEvent): RunEvent | undefined {
  switch (event.event) {
    case "program_loading":
      return { type: "program_loading", language: event.language };
    case "engine_compiling":
      return { type: "engine_compiling", language: event.language };
    case "engine_compiled":
      return { type: "engine_compiled", language: event.language, durationMs: event.duration_ms };
    case "cache_unavailable":
      return { type: "cache_unavailable", reason: event.reason, hint: CACHE_HINT };
    case "output":
      return {
        type: "output",
        task: event.task,
        stream: event.descriptor === 2 ? "stderr" : "stdout",
        data: event.payload,
      };
    case "task_started":
      return { type: "task_started", task: event.task, parent: event.parent, name: event.name };
    case "task_retried":
      return {
        type: "task_retried",
        task: event.task,
        attempt: event.attempt,
        durationMs: event.attempt_ms,
        fuelConsumed: event.fuel_consumed,
        ramUsed: event.ram_used,
        error: { error_type: event.error_type, message: event.message },
      };
    case "task_finished":
      return {
        type: "task_finished",
        task: event.task,
        name: event.name,
        durationMs: event.duration_ms,
        retries: event.retries,
        fuelConsumed: event.fuel_consumed,
        ramUsed: event.ram_used,
        error: event.error_type === null
          ? null
          : { error_type: event.error_type, message: event.message ?? "" },
      };
  }
}
