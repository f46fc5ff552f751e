/** `limits`: the most that each task may use, and the default for tasks that set nothing. */
import type { TaskCeiling, TaskPolicy } from "../../ffi/native.ts";
import { parseGroup } from "./group.ts";
import { DEFAULTS, parseCompute, parseOption, type Policy } from "./policy.ts";

/**
 * The most that each task and sub-task may use. All but `maxRetries` are also the defaults for tasks that set no limit of
 * their own. A limit that is missing does not apply, except under the policy `"none"`: there the defaults are
 * `{ compute: "HIGH", ram: "512MB", timeout: "30s", maxRetries: 0 }`.
 */
export interface TaskLimits {
  /** Units of fuel: `"LOW"`, `"MEDIUM"`, `"HIGH"`, or a number. */
  compute?: "LOW" | "MEDIUM" | "HIGH" | number;
  /** Memory: `"64MB"`, `"1.5 GB"`, or a number of bytes. */
  ram?: string | number;
  /** Wall time: `"500ms"`, `"30s"`, `"5m"`, or a number of milliseconds. */
  timeout?: string | number;
  /** How often a failed task is tried again, at most. */
  maxRetries?: number;
}

/** {@link TaskLimits}, parsed. */
export type Limits = Partial<Pick<Policy, "fuel" | "memoryBytes" | "timeoutMs" | "maxRetries">>;

/** A limit of a task that the host has lowered. */
export interface ClippedLimit {
  task: string;
  option: keyof TaskLimits;
  /** Units of fuel, bytes, milliseconds or times. */
  declared: number;
  limit: number;
}

/** Each option, and what of a policy it sets. */
const LIMITS: Record<keyof TaskLimits, keyof Limits> = {
  compute: "fuel",
  ram: "memoryBytes",
  timeout: "timeoutMs",
  maxRetries: "maxRetries",
};

/** Of a program whose author nobody trusts, where the host does not say more. */
const UNTRUSTED: Readonly<Required<Limits>> = {
  ...{ fuel: parseCompute("HIGH"), memoryBytes: 512 * 2 ** 20, timeoutMs: 30_000, maxRetries: 0 },
};

/** More is said of no program: it may have 10,000 tasks. */
const CLIPPED_AT_MOST = 100;

/**
 * Parses `limits`.
 *
 * @throws {CapsuleError} `invalid_argument`, naming key and value.
 */
export function parseLimits(limits: unknown): Limits {
  return Object.assign({}, ...Object.values(parseGroup("limits", limits, PARSERS)));
}

const PARSERS = Object.fromEntries(
  Object.keys(LIMITS).map((name) => [
    name,
    (value: unknown) => parseOption(name, "javascript", value),
  ]),
);

/** What bounds each task of a program. */
export function limitsOf(given: Limits, isTrusted: boolean): Limits {
  return isTrusted ? given : { ...UNTRUSTED, ...given };
}

/** What a task gets that says nothing, by the limits and by the `capsule.toml` of its project. */
export function defaultsOf(
  limits: Limits,
  file: Partial<Policy>,
  isTrusted: boolean,
): Policy {
  const { maxRetries: _, ...defaults } = limits;
  const base = { ...DEFAULTS, ...defaults };
  return isTrusted ? { ...base, ...file } : { ...base, ...lower(base, file) };
}

/** The policies of tasks under the limits. Notes what was lowered. */
export function underLimits(
  policies: Record<string, Policy>,
  limits: Limits,
): { policies: Record<string, Policy>; clipped: ClippedLimit[] } {
  const lowered: Record<string, Policy> = Object.create(null);
  const clipped: ClippedLimit[] = [];
  for (const [task, policy] of Object.entries(policies)) {
    lowered[task] = { ...policy, ...lower(policy, limits) };
    clipped.push(...clippedIn(task, policy, limits));
  }
  return { policies: lowered, clipped: clipped.slice(0, CLIPPED_AT_MOST) };
}

/** What limits of one call lower that tasks may use else. */
export function clippedInCall(
  policies: Record<string, TaskPolicy>,
  limits: Limits,
): ClippedLimit[] {
  const clipped = Object.entries(policies).flatMap(([task, policy]) => {
    const { fuel, memory_bytes, timeout_ms, max_retries } = policy;
    const own = { fuel, memoryBytes: memory_bytes, timeoutMs: timeout_ms, maxRetries: max_retries };
    return clippedIn(task, own, limits);
  });
  return clipped.slice(0, CLIPPED_AT_MOST);
}

function clippedIn(task: string, policy: Limits, limits: Limits): ClippedLimit[] {
  return (Object.entries(LIMITS) as [keyof TaskLimits, keyof Limits][]).flatMap(([option, key]) => {
    const [declared, limit] = [policy[key] ?? 0, limits[key] ?? Infinity];
    return declared > limit ? [{ task, option, declared, limit }] : [];
  });
}

/** Limits of one call, as the native library has them. */
export function ceilingOf(limits: Limits): TaskCeiling {
  const { fuel, memoryBytes, timeoutMs, maxRetries } = limits;
  return {
    fuel,
    memory_bytes: memoryBytes ?? undefined,
    timeout_ms: timeoutMs ?? undefined,
    max_retries: maxRetries,
  };
}

/** The limits of a policy that are above others, lowered. */
function lower(policy: Policy, limits: Limits): Limits {
  const lowered: Limits = {};
  for (const key of Object.values(LIMITS)) {
    const limit = limits[key];
    if (typeof limit === "number" && limit < (policy[key] ?? Infinity)) lowered[key] = limit;
  }
  return lowered;
}
