import { CapsuleError } from "../../errors/error.ts";
import type { HostRule, Language } from "../../ffi/native.ts";
import { type FolderAccess, parseAllowedFiles, parseEnvVariables } from "./access.ts";
import { parseAllowedHosts } from "./hosts.ts";
import { Invalid, parseValue, unknownKey } from "../../errors/invalid.ts";
import { isRecord } from "../../errors/record.ts";
import { clipped, shown } from "../../errors/shown.ts";

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
/** Powers of 1024, in lower case. */
const MEMORY_UNITS: Record<string, number> = {
  ...{ "": 1, b: 1, kb: 2 ** 10, mb: 2 ** 20, gb: 2 ** 30 },
  ...{ kib: 2 ** 10, mib: 2 ** 20, gib: 2 ** 30 },
};
const TIME_UNITS: Record<string, number> = { "": 1, ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
const MEMORY_BYTES_AT_MOST = 4 * 2 ** 30;
const TIMEOUT_MS_AT_MOST = 365 * 24 * TIME_UNITS.h!;
const RETRIES_AT_MOST = 100;
/** A size or a time that is longer is none. */
const QUANTITY_LENGTH_AT_MOST = 100;
const NAME_LENGTH_AT_MOST = 128;
const TASKS_AT_MOST = 10_000;
/** Of all declarations as JSON, with the names of the files that were imported. */
const DECLARATIONS_LENGTH_AT_MOST = 1 << 20;

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
 * @throws {CapsuleError} `invalid_program`.
 */
export function parseDeclarations(program: { name: string }, text: string): Declaration[] {
  const refuse = (problem: string) =>
    new CapsuleError("invalid_program", `the declarations of its tasks ${problem}`, {
      file: program.name,
    });
  if (text.length > DECLARATIONS_LENGTH_AT_MOST) {
    throw refuse(`have more than ${DECLARATIONS_LENGTH_AT_MOST >> 20} MB`);
  }
  let declarations: unknown;
  try {
    declarations = JSON.parse(text);
  } catch {
    throw refuse("are malformed");
  }
  const { tasks, implicit_main } = isRecord(declarations) ? declarations : {};
  if (!Array.isArray(tasks)) throw refuse("are malformed");
  if (tasks.length > TASKS_AT_MOST) {
    throw refuse(`are ${tasks.length}, and at most ${TASKS_AT_MOST} are allowed`);
  }
  for (const task of tasks) {
    if (!isRecord(task) || !isRecord(task.options)) throw refuse("are malformed");
  }
  return implicit_main === "script" ? [...tasks, { name: "main", options: {} }] : tasks;
}

/**
 * The policies of a program's tasks, by name.
 *
 * @throws {CapsuleError} `invalid_program`, naming file, task, option and value.
 */
export function policiesOf(
  program: { name: string; language: Language },
  declarations: Declaration[],
  defaults: Readonly<Policy> = DEFAULTS,
): Record<string, Policy> {
  // No prototype: a task may be called `constructor`.
  const policies: Record<string, Policy> = Object.create(null);
  for (const { name, options } of declarations) {
    const task = typeof name === "string" ? clipped(name) : shown(name);
    const about = { code: "invalid_program", file: program.name, task } as const;
    parseValue({ ...about, option: "name" }, () => checkName(name));
    if (name in policies) {
      throw new CapsuleError("invalid_program", "there is another task of this name", about);
    }
    policies[name] = { ...defaults };
    for (const [option, value] of Object.entries(options)) {
      const set = parseValue(
        { ...about, option: clipped(option) },
        () => parseOption(option, program.language, value),
      );
      Object.assign(policies[name], set);
    }
  }
  return policies;
}

/**
 * What an option, spelt as in a language, sets in a policy.
 *
 * @throws {Invalid} for a value that the option does not take, or an option that does not exist.
 */
export function parseOption(key: string, language: Language, value: unknown): Partial<Policy> {
  const name = camelCase(key, language);
  if (Object.hasOwn(OPTIONS, name)) return OPTIONS[name]!(value);
  const known = Object.keys(OPTIONS).map((name) => inLanguage(name, language));
  throw unknownKey(key, known, "option");
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

function checkName(name: unknown): void {
  // deno-lint-ignore no-control-regex
  if (typeof name !== "string" || /[\u0000-\u001f\u007f-\u009f]/.test(name)) {
    throw new Invalid({ expected: "text without control characters" });
  }
  if (!name.isWellFormed()) throw new Invalid({ expected: "well-formed Unicode" });
  // A character is at most two of these.
  const length = name.length > 2 * NAME_LENGTH_AT_MOST ? name.length : [...name].length;
  if (length < 1 || length > NAME_LENGTH_AT_MOST) {
    throw new Invalid({ problem: `has ${length} characters, not 1 to ${NAME_LENGTH_AT_MOST}` });
  }
}

/** Units of fuel: a preset in any case, or a positive whole number, also as text. */
export function parseCompute(value: unknown): number {
  const text = typeof value === "string"
    ? value.slice(0, QUANTITY_LENGTH_AT_MOST).toUpperCase()
    : "";
  if (Object.hasOwn(COMPUTE_PRESETS, text)) return COMPUTE_PRESETS[text]!;
  const isNumber = text !== "" && endOfDigits(text, 0) === text.length;
  const fuel = isNumber ? Number(value) : value;
  if (typeof fuel === "number" && Number.isSafeInteger(fuel) && fuel > 0) return fuel;
  throw new Invalid({
    expected: "LOW, MEDIUM, HIGH or a positive whole number below 2^53",
    value,
  });
}

/** Bytes of memory, of one task unless a larger limit is given. Units are powers of 1024. */
export function parseMemory(value: unknown, bytesAtMost = MEMORY_BYTES_AT_MOST): number {
  const refuse = (expected: string) => new Invalid({ expected, value });
  const { number, unit } = quantityOf(value);
  const factor = memberOf(MEMORY_UNITS, unit.toLowerCase());
  if (factor === undefined || unit === "" && !Number.isInteger(number)) {
    throw refuse('a size: "64MB", "1.5 GB", "512KiB" or a whole number of bytes');
  }
  const bytes = Math.ceil(number * factor);
  if (bytes <= 0) throw refuse("more than 0 bytes");
  if (bytes <= bytesAtMost) return bytes;
  const [most, name] = bytesAtMost < MEMORY_UNITS.gb!
    ? [bytesAtMost / MEMORY_UNITS.mb!, "MB"]
    : [bytesAtMost / MEMORY_UNITS.gb!, "GB"];
  throw refuse(`at most ${most} ${name}`);
}

/** Milliseconds. */
export function parseTimeout(value: unknown): number {
  const refuse = (expected: string) => new Invalid({ expected, value });
  const { number, unit } = quantityOf(value);
  const milliseconds = number * (memberOf(TIME_UNITS, unit) ?? NaN);
  if (!Number.isFinite(milliseconds)) {
    throw refuse('a time: "500ms", "1.8s", "5m", "1h" or a number of milliseconds');
  }
  if (milliseconds <= 0) throw refuse("more than 0 milliseconds");
  if (milliseconds > TIMEOUT_MS_AT_MOST) throw refuse("at most a year");
  return milliseconds;
}

/** `1.5 GB`: a number, which is NaN if there is none, and its unit. */
function quantityOf(value: unknown): { number: number; unit: string } {
  if (typeof value === "number") return { number: value, unit: "" };
  const none = { number: NaN, unit: "" };
  if (typeof value !== "string" || value.length > QUANTITY_LENGTH_AT_MOST) return none;
  const trimmed = value.trim();
  const whole = endOfDigits(trimmed, 0);
  const end = trimmed[whole] === "." ? endOfDigits(trimmed, whole + 1) : whole;
  if (whole === 0 || end === whole + 1) return none;
  return { number: Number(trimmed.slice(0, end)), unit: trimmed.slice(end).trimStart() };
}

function memberOf(units: Record<string, number>, unit: string): number | undefined {
  return Object.hasOwn(units, unit) ? units[unit] : undefined;
}

/** Where the digits end that begin at a place. */
function endOfDigits(text: string, start: number): number {
  let end = start;
  while (text[end]! >= "0" && text[end]! <= "9") end++;
  return end;
}

function parseRetries(value: unknown): number {
  if (Number.isInteger(value) && (value as number) >= 0 && (value as number) <= RETRIES_AT_MOST) {
    return value as number;
  }
  throw new Invalid({ expected: `a whole number from 0 to ${RETRIES_AT_MOST}`, value });
}
