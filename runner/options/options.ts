/** All options of the API. */
import { invalidArgument, unknownKey } from "../../errors/invalid.ts";
import type { RunEvent } from "../events.ts";
import type { Budget } from "../policy/budget.ts";
import type { Grants } from "../policy/grants.ts";
import type { TaskLimits } from "../policy/limits.ts";
import type { Secret } from "../policy/secrets.ts";
import { clipped } from "../../errors/clipped.ts";

/** A program in a file. */
export interface ProgramFile {
  /** A `.ts`, `.js` or `.py` file, or a `.wasm` that `capsule build` made, relative to `cwd`. */
  file: string;
  code?: undefined;
  language?: undefined;
}

/** A program as text. */
export interface ProgramCode {
  file?: undefined;
  /** The text of the program. */
  code: string;
  /** The language of `code`. */
  language: "typescript" | "javascript" | "python";
}

/** Which program, and what it may do. */
export type ProgramOptions = ProgramSettings & (ProgramFile | ProgramCode);

/** What a program may do, and who receives its events. */
export interface ProgramSettings {
  /** The working directory for relative paths: the process's by default. */
  cwd?: string;
  /**
   * Folders that all tasks may use in addition to what they declare: `HOST[::GUEST][:ro|:rw]`, HOST relative to the
   * project's root.
   */
  mounts?: string[];
  /**
   * Environment variables that override the process's own. A task sees only those that its `envVariables` or
   * `grants.envVariables` name.
   */
  env?: Record<string, string>;
  /**
   * Whether tasks get the files, hosts and variables that they declare: `"declared"`, for programs that you trust, or
   * `"none"`. Under `"none"`, the program imports only files inside its own folder, `.env` files are not read, a
   * `capsule.toml` in its folder can only lower limits, and `limits` have lower defaults. The default is `"declared"` for a
   * source file, and `"none"` for `code` and for a `.wasm`.
   */
  policy?: "declared" | "none";
  /** Access for all tasks, in addition to what the policy gives them. Under the policy `"none"` it is their only access. */
  grants?: Grants;
  /**
   * Values that the host puts into request headers, by the name of an environment variable. In that variable tasks see a
   * placeholder, never the value.
   */
  secrets?: Record<string, Secret>;
  /**
   * The most that each task may use, and the default for tasks that set no limits of their own. A lower default of
   * `capsule.toml` takes precedence.
   */
  limits?: TaskLimits;
  /**
   * Which packages a program may import: `"host"`, those of this process's virtual environment, or of `.venv` and
   * `node_modules` of `cwd`; a folder, those in its `.venv` and `node_modules`; or `false`, none. The default is the
   * project's packages; under the policy `"none"` it is `"host"` for text, and for a file those inside its own folder.
   */
  packages?: "host" | string | false;
  /** The most that a whole run may use, with all sub-tasks. Each value is an upper bound for `[budget]` of `capsule.toml`. */
  budget?: Budget;
  /**
   * Makes randomness deterministic: the same seed, program and arguments give the same random bytes each time. Sub-tasks
   * and retries each get bytes of their own. A whole number from 0 to 2^53 - 1. Given to `open`, it applies to top-level
   * code, and to calls that have no seed of their own.
   */
  seed?: number;
  /**
   * The time at which the clocks of tasks start: a `Date`, or text with a time zone, `"2026-01-31T12:00:00Z"`. They advance
   * by what tasks sleep, and by 10 µs at each reading. Time limits use the real clock. Given to `open`, it applies as `seed`
   * does.
   */
  now?: Date | string;
  /**
   * Labels that the command line keeps with the run in the trace: at most 16, of at most 64 characters. The API keeps no
   * trace: it only checks them.
   */
  labels?: string[];
  /** Called with each event. */
  onEvent?: (event: RunEvent) => void;
  /** Cancels: `open` throws the reason of the signal, and the envelope of a run or call says `cancelled`. */
  signal?: AbortSignal;
  /**
   * What separates the program from this process: the `"sandbox"`, which is the default, or also a `"process"`, so that a
   * fault in the sandbox ends that process and not this one. A call takes a fraction of a millisecond longer, the first one
   * also the start of the process.
   */
  isolation?: "sandbox" | "process";
}

/** How a task is called. */
export interface CallOptions {
  /** Cancels the call: its envelope says `cancelled`. */
  signal?: AbortSignal;
  /** Called with each event of this call. */
  onEvent?: (event: RunEvent) => void;
  /** Keyword arguments, for a task in Python. */
  kwargs?: Record<string, unknown>;
  /** Standard input of the task: empty by default. Sub-tasks have none. */
  stdin?: string | Uint8Array;
  /**
   * Whether the envelope returns what the task and its sub-tasks printed, as `stdout` and `stderr`: each at most 1 MiB,
   * then cut and marked. Not by default.
   */
  capture?: boolean;
  /** The most that each task may use in this call. Limits of the program that are lower stay in force. */
  limits?: TaskLimits;
  /** As in `run`, for this call. It does not change what top-level code drew. */
  seed?: number;
  /** As in `run`, for this call. */
  now?: Date | string;
}

/** {@link CallOptions}, each of which may be undefined. */
export type CallDetails = { [K in keyof CallOptions]?: CallOptions[K] | undefined };

/** Which program to run, and how. */
export type RunOptions = RunSettings & (ProgramFile | ProgramCode);

/** How a program is run. */
export interface RunSettings extends ProgramSettings, Omit<CallOptions, "limits"> {
  /** The task to run: `main` by default. */
  task?: string;
  /** Its arguments: JSON values and bytes. */
  args?: unknown[];
  /** Cancels the run at any point: its envelope says `cancelled`. */
  signal?: AbortSignal;
}

/** Options of `open` that another process can be told of. */
export const PROGRAM_OPTIONS = [
  ...["file", "code", "language", "cwd", "mounts", "env", "policy", "grants", "secrets", "limits"],
  ...["packages", "budget", "seed", "now", "labels"],
] as const;
/** Options of `open`. */
export const OPEN_OPTIONS = [...PROGRAM_OPTIONS, "onEvent", "signal", "isolation"] as const;
/** Options of a call that another process can be told of, besides `limits`. */
export const CALL_DETAILS = ["kwargs", "stdin", "capture"] as const;
/** Options of a call. */
export const CALL_OPTIONS = [
  ...CALL_DETAILS,
  ...["limits", "seed", "now", "onEvent", "signal"],
] as const;
/** Options of `run`. */
export const RUN_OPTIONS = [...OPEN_OPTIONS, ...CALL_DETAILS, "task", "args"] as const;

/** The groups of options that users may write at the top level by mistake. */
const ELSEWHERE: Record<string, string> = {
  ...{ compute: "limits", ram: "limits", timeout: "limits", maxRetries: "limits" },
  ...{ allowedFiles: "grants", allowedHosts: "grants", envVariables: "grants" },
};

/**
 * Refuses unknown options: a misspelt limit would not be set.
 *
 * @param caller The name of the function in messages: `run`.
 * @throws {CapsuleError} `invalid_argument`.
 */
export function checkOptions(options: object, known: readonly string[], caller: string): void {
  // The content of a promise or a map is not in its members.
  if (Object.prototype.toString.call(options) !== "[object Object]") {
    throw invalidArgument(caller, { expected: "called with an object of options", value: options });
  }
  checkListeners(options);
  for (const name in options) {
    if (known.includes(name)) continue;
    const { wrong } = unknownKey(name, known, `option of ${caller}()`);
    const group = Object.hasOwn(ELSEWHERE, name) ? ELSEWHERE[name] : undefined;
    const hint = group ? `write ${group}: { ${name}: … }` : wrong.hint;
    throw invalidArgument(clipped(name), { ...wrong, hint });
  }
}

function checkListeners({ onEvent, signal }: { onEvent?: unknown; signal?: unknown }): void {
  if (onEvent !== undefined && typeof onEvent !== "function") {
    throw invalidArgument("onEvent", { expected: "a function", value: onEvent });
  }
  if (signal === undefined || signal === null) return;
  // An AbortController, for example, would cancel nothing.
  if (typeof (signal as AbortSignal).throwIfAborted === "function") return;
  throw invalidArgument("signal", { expected: "an AbortSignal", value: signal });
}

/**
 * Parses `capture`.
 *
 * @throws {CapsuleError} `invalid_argument`.
 */
export function parseCapture(value: unknown): boolean {
  if (value === undefined || typeof value === "boolean") return value ?? false;
  throw invalidArgument("capture", { expected: "true or false", value });
}
