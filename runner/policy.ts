import { CapsuleError } from "../errors.ts";
import type { HostRule, Language } from "../ffi/native.ts";
import { type FolderAccess, parseAllowedFiles, parseEnvVariables } from "./access.ts";
import { parseAllowedHosts } from "./hosts.ts";
import { Invalid } from "./invalid.ts";

/** What a task may use, as its options say. */
export interface Policy {
  /** Units of fuel. */
  fuel: number;
  memoryBytes: number | null;
  timeoutMs: number | null;
  maxRetries: number;
  allowedFiles: FolderAccess[];
  allowedHosts: HostRule[];
  /** Names of environment variables. */
  envVariables: string[];
}

/** A task as its program declares it: nothing in it was checked yet. */
export interface Declaration {
  name: string;
  options: Record<string, unknown>;
}

/** Units of fuel. */
const COMPUTE_PRESETS: Record<string, number> = {
  LOW: 100_000_000,
  MEDIUM: 2_000_000_000,
  HIGH: 50_000_000_000,
};
const MEMORY_UNITS: Record<string, number> = { B: 1, KB: 2 ** 10, MB: 2 ** 20, GB: 2 ** 30 };
const TIME_UNITS: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
const MEMORY_BYTES_AT_MOST = 4 * 2 ** 30;
const TIMEOUT_MS_AT_MOST = 365 * 24 * TIME_UNITS.h!;
const RETRIES_AT_MOST = 100;

/** What a task may use when it says nothing. */
export const DEFAULTS: Readonly<Policy> = {
  fuel: COMPUTE_PRESETS.MEDIUM!,
  memoryBytes: null,
  timeoutMs: null,
  maxRetries: 0,
  allowedFiles: [],
  allowedHosts: [],
  envVariables: [],
};

/** Each option sets a part of the policy, or throws {@link Invalid}. Names are those of TypeScript. */
const OPTIONS: Record<string, (value: unknown) => Partial<Policy>> = {
  name: () => ({}),
  compute: (value) => ({ fuel: parseCompute(value) }),
  ram: (value) => ({ memoryBytes: parseMemory(value) }),
  timeout: (value) => ({ timeoutMs: parseTimeout(value) }),
  maxRetries: (value) => ({ maxRetries: parseRetries(value) }),
  allowedFiles: (value) => ({ allowedFiles: parseAllowedFiles(value) }),
  allowedHosts: (value) => ({ allowedHosts: parseAllowedHosts(value) }),
  envVariables: (value) => ({ envVariables: parseEnvVariables(value) }),
};

/**
 * What the engine tells of a program's tasks. A program can tamper with its engine: nothing is taken for
 * granted.
 *
 * @throws {CapsuleError} `load_failed`.
 */
export function parseDeclarations(program: { name: string }, text: string): Declaration[] {
  const refuse = () =>
    new CapsuleError("load_failed", `${program.name}: the declarations of its tasks are malformed`);
  const { tasks, implicit_main } = JSON.parse(text) ?? {};
  if (!Array.isArray(tasks)) throw refuse();
  for (const task of tasks) {
    if (!isRecord(task) || !isRecord(task.options)) throw refuse();
  }
  return implicit_main === "script" ? [...tasks, { name: "main", options: {} }] : tasks;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * The policies of a program's tasks, by name.
 *
 * @throws {CapsuleError} `invalid_option`, naming file, task, option and value.
 */
export function policiesOf(
  program: { name: string; language: Language },
  declarations: Declaration[],
  defaults: Readonly<Policy> = DEFAULTS,
): Record<string, Policy> {
  // No prototype: a task may be called `constructor`.
  const policies: Record<string, Policy> = Object.create(null);
  for (const { name, options } of declarations) {
    const refuse = (problem: string) =>
      new CapsuleError(
        "invalid_option",
        `${program.name}: task ${JSON.stringify(name)}: ${problem}`,
      );
    const nameProblem = checkName(name);
    if (nameProblem) throw refuse(nameProblem);
    if (name in policies) throw refuse("there is another task of this name");
    policies[name] = { ...defaults, ...policyOf(options, program.language, refuse) };
  }
  return policies;
}

function policyOf(
  options: Record<string, unknown>,
  language: Language,
  refuse: (problem: string) => CapsuleError,
): Partial<Policy> {
  const policy: Partial<Policy> = {};
  for (const [key, value] of Object.entries(options)) {
    try {
      const parsed = parseOption(key, language, value);
      if (parsed === undefined) {
        const known = Object.keys(OPTIONS).map((name) => inLanguage(name, language)).join(", ");
        throw refuse(`unknown option "${key}"; there are: ${known}`);
      }
      Object.assign(policy, parsed);
    } catch (error) {
      if (!(error instanceof Invalid)) throw error;
      throw refuse(`${key}: ${JSON.stringify(value)} ${error.message}`);
    }
  }
  return policy;
}

/**
 * What an option, spelt as in a language, sets in a policy. Undefined if there is none of that name.
 *
 * @throws {Invalid} for a value that is none of the option's.
 */
export function parseOption(
  key: string,
  language: Language,
  value: unknown,
): Partial<Policy> | undefined {
  const name = camelCase(key, language);
  return Object.hasOwn(OPTIONS, name) ? OPTIONS[name]!(value) : undefined;
}

/** An option's name as TypeScript spells it; a name of the other language's style is unknown. */
function camelCase(name: string, language: Language): string {
  if (language === "javascript") return name;
  return /[A-Z]/.test(name)
    ? ""
    : name.replaceAll(/_([a-z])/g, (_, letter) => letter.toUpperCase());
}

/** An option as a language spells it. */
export function inLanguage(name: string, language: Language): string {
  return language === "javascript"
    ? name
    : name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function checkName(name: unknown): string | undefined {
  // deno-lint-ignore no-control-regex
  if (typeof name !== "string" || /[\u0000-\u001f\u007f-\u009f]/.test(name)) {
    return "name: it is not text without control characters";
  }
  if (!name.isWellFormed()) return "name: it is not well-formed Unicode";
  const length = [...name].length;
  if (length < 1 || length > 128) return `name: it has ${length} characters, not 1 to 128`;
}

/** Units of fuel: a preset in any case, or a positive whole number, also as text. */
export function parseCompute(value: unknown): number {
  if (typeof value === "string") {
    const preset = COMPUTE_PRESETS[value.toUpperCase()];
    if (preset !== undefined && Object.hasOwn(COMPUTE_PRESETS, value.toUpperCase())) return preset;
  }
  const fuel = typeof value === "string" && /^\d+$/.test(value) ? Number(value) : value;
  if (typeof fuel !== "number" || !Number.isSafeInteger(fuel) || fuel <= 0) {
    throw new Invalid("is neither LOW, MEDIUM, HIGH nor a positive whole number below 2^53");
  }
  return fuel;
}

/** Bytes of memory. Units are powers of 1024. */
export function parseMemory(value: unknown): number {
  const expected = 'is no size: write "64MB", "1.5 GB", "512KiB" or a whole number of bytes';
  let bytes = value;
  if (typeof value === "string") {
    const match = value.match(/^\s*(\d+(?:\.\d+)?)\s*(?:([kmg])i?)?(b)?\s*$/i);
    if (!match) throw new Invalid(expected);
    const [, number, prefix = "", b = ""] = match;
    if (prefix && !b) throw new Invalid(expected);
    bytes = Math.ceil(Number(number) * MEMORY_UNITS[`${prefix}B`.toUpperCase()]!);
  }
  if (typeof bytes !== "number" || !Number.isInteger(bytes)) throw new Invalid(expected);
  if (bytes <= 0) throw new Invalid("is not more than 0 bytes");
  if (bytes > MEMORY_BYTES_AT_MOST) throw new Invalid("is more than the 4 GB that there can be");
  return bytes;
}

/** Milliseconds. */
export function parseTimeout(value: unknown): number {
  const expected = 'is no time: write "500ms", "1.8s", "5m", "1h" or a number of milliseconds';
  let milliseconds = value;
  if (typeof value === "string") {
    const match = value.match(/^\s*(\d+(?:\.\d+)?)\s*(ms|s|m|h)?\s*$/);
    if (!match) throw new Invalid(expected);
    milliseconds = Number(match[1]) * TIME_UNITS[match[2] ?? "ms"]!;
  }
  if (typeof milliseconds !== "number" || !Number.isFinite(milliseconds)) {
    throw new Invalid(expected);
  }
  if (milliseconds <= 0) throw new Invalid("is not more than 0 milliseconds");
  if (milliseconds > TIMEOUT_MS_AT_MOST) throw new Invalid("is more than a year");
  return milliseconds;
}

function parseRetries(value: unknown): number {
  if (!Number.isInteger(value) || (value as number) < 0 || (value as number) > RETRIES_AT_MOST) {
    throw new Invalid(`is not a whole number from 0 to ${RETRIES_AT_MOST}`);
  }
  return value as number;
}
