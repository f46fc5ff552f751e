/** The most that a whole run may use: parsed here for the API, for Python and for `capsule.toml`. */
import { CapsuleError } from "../../errors/error.ts";
import { Invalid } from "../../errors/invalid.ts";
import { isRecord } from "../../errors/record.ts";
import { clipped, shown } from "../../errors/shown.ts";
import type { NativeLimits } from "../../ffi/native.ts";
import { inLanguage, parseCompute, parseMemory, parseTimeout } from "./policy.ts";

/**
 * The most that a whole run may use, with all sub-tasks and retries. Sizes are like those of a task's `ram`: `"512MB"`,
 * `"1.5 GB"` or a number of bytes.
 */
export interface Budget {
  /** Units of fuel: `"LOW"`, `"MEDIUM"`, `"HIGH"` or a number. There is no limit by default. */
  compute?: "LOW" | "MEDIUM" | "HIGH" | number;
  /** Wall time from the start of the task to the end of all that it started: `"30s"`, or milliseconds. None by default. */
  timeout?: string | number;
  /**
   * Memory of all tasks together: the program's image once, what live tasks have written or grown, and data that the host
   * holds for them. The default is 4 GB.
   */
  ram?: string | number;
  /** Tasks alive at the same time. The default is 1,000, 10,000 the most. */
  tasksAlive?: number;
  /** Tasks in all; each retry counts as one. The default is 100,000, 10 million the most. */
  tasks?: number;
  /** How deep tasks may call each other. The default is 64, 256 the most. */
  taskDepth?: number;
  /** The arguments of a task, and its result: their JSON and their bytes. The default is 64 MB, 256 MB the most. */
  jsonSize?: string | number;
  /** The output of a task. The default is 64 MB, 256 MB the most. */
  outputSize?: string | number;
  /** Operations that a task may have open. The default is 10,000, 100,000 the most. */
  handles?: number;
  /** Requests of a task to hosts. The default is 1,000, 100,000 the most. */
  requests?: number;
  /** The body of a response. The default is 64 MB, 256 MB the most. */
  bodySize?: string | number;
}

/** The defaults, as the native library has them. */
export const BUDGET_DEFAULTS: Readonly<Omit<NativeLimits, "fuel" | "timeout_ms">> = {
  ram_bytes: 4 * 2 ** 30,
  tasks_alive: 1000,
  tasks_total: 100_000,
  task_depth: 64,
  json_bytes: 64 * 2 ** 20,
  output_bytes: 64 * 2 ** 20,
  handles: 10_000,
  requests: 1000,
  body_bytes: 64 * 2 ** 20,
};

/** No text may be larger: it is held in memory. What one process survives bounds the numbers below, too. */
const SIZE_AT_MOST = 256 * 2 ** 20;
const RAM_AT_MOST = 2 ** 50;

/** A key as TypeScript spells it, what it sets, and what reads its value. */
const OPTIONS: Record<keyof Budget, [keyof NativeLimits, (value: unknown) => number]> = {
  compute: ["fuel", parseCompute],
  timeout: ["timeout_ms", parseTimeout],
  ram: ["ram_bytes", parseRam],
  tasksAlive: ["tasks_alive", count(10_000)],
  tasks: ["tasks_total", count(10_000_000)],
  taskDepth: ["task_depth", count(256)],
  jsonSize: ["json_bytes", size],
  outputSize: ["output_bytes", size],
  handles: ["handles", count(100_000)],
  requests: ["requests", count(100_000)],
  bodySize: ["body_bytes", size],
};

/**
 * What each key of `[budget]` in `capsule.toml` does, in the spelling that it has there.
 *
 * @throws {Invalid} for a value that is none of the key's, from the functions.
 */
export const BUDGET_KEYS: Record<string, (value: unknown) => Partial<NativeLimits>> = Object
  .fromEntries(
    Object.entries(OPTIONS).map(([name, [limit, parse]]) => [
      inLanguage(name, "python"),
      (value) => ({ [limit]: parse(value) }),
    ]),
  );

/**
 * Parses the `budget` of the API.
 *
 * @throws {CapsuleError} `invalid_argument`, naming key and value.
 */
export function parseBudget(budget: unknown): Partial<NativeLimits> {
  if (budget === undefined) return {};
  if (!isRecord(budget)) {
    throw refused(`${shown(budget)} is no plain object`);
  }
  const limits: Partial<NativeLimits> = {};
  for (const [name, value] of Object.entries(budget)) {
    if (!Object.hasOwn(OPTIONS, name)) {
      throw refused(
        `unknown key "${clipped(name)}"; there are: ${Object.keys(OPTIONS).join(", ")}`,
      );
    }
    if (value === undefined) continue;
    const [limit, parse] = OPTIONS[name as keyof Budget];
    try {
      limits[limit] = parse(value);
    } catch (error) {
      if (!(error instanceof Invalid)) throw error;
      throw refused(`${name}: ${shown(value)} ${error.message}`);
    }
  }
  return limits;
}

/** What a run may use at most: of each limit the smaller one. What `base` does not say is its default. */
export function clipBudget(
  base: Partial<NativeLimits>,
  stranger: Partial<NativeLimits>,
): Partial<NativeLimits> {
  const clipped = { ...base };
  for (const [limit, value] of Object.entries(stranger) as [keyof NativeLimits, number][]) {
    const byDefault: Partial<NativeLimits> = BUDGET_DEFAULTS;
    clipped[limit] = Math.min(value, base[limit] ?? byDefault[limit] ?? Infinity);
  }
  return clipped;
}

/**
 * What a run may use, by the host's `budget` and by the `capsule.toml` of its project.
 *
 * @param isTrusted Whether the file speaks for the host. It may then say more than the defaults, though never more than
 * the host does.
 */
export function budgetOf(
  host: Partial<NativeLimits>,
  file: Partial<NativeLimits>,
  isTrusted: boolean,
): Partial<NativeLimits> {
  return isTrusted ? clipBudget({ ...file, ...host }, file) : clipBudget(host, file);
}

/**
 * Bytes that may be more than a task can have.
 *
 * @throws {Invalid}
 */
export function parseRam(value: unknown): number {
  return parseMemory(value, RAM_AT_MOST);
}

function count(atMost: number): (value: unknown) => number {
  return (value) => {
    if (Number.isInteger(value) && (value as number) >= 1 && (value as number) <= atMost) {
      return value as number;
    }
    throw new Invalid(`is not a whole number from 1 to ${atMost}`);
  };
}

function size(value: unknown): number {
  return parseMemory(value, SIZE_AT_MOST);
}

function refused(problem: string): CapsuleError {
  return new CapsuleError("invalid_argument", `budget: ${problem}`);
}
