/** The most that a whole run may use: parsed here for the API, for Python and for `capsule.toml`. */
import { Invalid } from "../../errors/invalid.ts";
import type { NativeLimits } from "../../ffi/native.ts";
import { parseGroup } from "./group.ts";
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

/** What each key sets. Names are those of TypeScript. */
const PARSERS: Record<keyof Budget, (value: unknown) => Partial<NativeLimits>> = {
  compute: (value) => ({ fuel: parseCompute(value) }),
  timeout: (value) => ({ timeout_ms: parseTimeout(value) }),
  ram: (value) => ({ ram_bytes: parseRam(value) }),
  tasksAlive: (value) => ({ tasks_alive: parseCount(value, 10_000) }),
  tasks: (value) => ({ tasks_total: parseCount(value, 10_000_000) }),
  taskDepth: (value) => ({ task_depth: parseCount(value, 256) }),
  jsonSize: (value) => ({ json_bytes: parseMemory(value, SIZE_AT_MOST) }),
  outputSize: (value) => ({ output_bytes: parseMemory(value, SIZE_AT_MOST) }),
  handles: (value) => ({ handles: parseCount(value, 100_000) }),
  requests: (value) => ({ requests: parseCount(value, 100_000) }),
  bodySize: (value) => ({ body_bytes: parseMemory(value, SIZE_AT_MOST) }),
};

/**
 * What each key of `[budget]` in `capsule.toml` sets, in the spelling that it has there.
 *
 * @throws {Invalid} for a value that the key does not take, from the functions.
 */
export const BUDGET_KEYS: Record<string, (value: unknown) => Partial<NativeLimits>> = Object
  .fromEntries(
    Object.entries(PARSERS).map(([name, parse]) => [inLanguage(name, "python"), parse]),
  );

/**
 * Parses the `budget` of the API.
 *
 * @throws {CapsuleError} `invalid_argument`, naming key and value.
 */
export function parseBudget(budget: unknown): Partial<NativeLimits> {
  return Object.assign({}, ...Object.values(parseGroup("budget", budget, PARSERS)));
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

function parseCount(value: unknown, atMost: number): number {
  if (Number.isInteger(value) && (value as number) >= 1 && (value as number) <= atMost) {
    return value as number;
  }
  throw new Invalid({ expected: `a whole number from 1 to ${atMost}`, value });
}
