import { CapsuleError } from "../../errors/error.ts";
import type { HostRule, Language } from "../../ffi/native.ts";
import { type FolderAccess, parseAllowedFiles, parseEnvVariables } from "./access.ts";
import { parseAllowedHosts } from "./hosts.ts";
import { Invalid } from "../../errors/invalid.ts";
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
 * @throws {CapsuleError} `load_failed`.
 */
export function parseDeclarations(program: { name: string }, text: string): Declaration[] {
  const refuse = (problem: string) =>
    new CapsuleError(
      "invalid_program",
      `${program.name}: the declarations of its tasks ${problem}`,
    );
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
        "invalid_program",
        `${program.name}: task ${shown(name)}: ${problem}`,
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
  for (const key of Object.keys(options)) {
    const value = options[key];
    try {
      const parsed = parseOption(key, language, value);
      if (parsed === undefined) {
        const known = Object.keys(OPTIONS).map((name) => inLanguage(name, language)).join(", ");
        throw refuse(`unknown option "${clipped(key)}"; there are: ${known}`);
      }
      Object.assign(policy, parsed);
    } catch (error) {
      if (!(error instanceof Invalid)) throw error;
      throw refuse(`${key}: ${shown(value)} ${error.message}`);
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
  // A character is at most two of these.
  const length = name.length > 2 * NAME_LENGTH_AT_MOST ? name.length : [...name].length;
  if (length < 1 || length > NAME_LENGTH_AT_MOST) {
    return `name: it has ${length} characters, not 1 to ${NAME_LENGTH_AT_MOST}`;
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
  if (typeof fuel !== "number" || !Number.isSafeInteger(fuel) || fuel <= 0) {
    throw new Invalid("is neither LOW, MEDIUM, HIGH nor a positive whole number below 2^53");
  }
  return fuel;
}

/** Bytes of memory, of one task unless a larger limit is given. Units are powers of 1024. */
export function parseMemory(value: unknown, bytesAtMost = MEMORY_BYTES_AT_MOST): number {
  const expected = 'is no size: write "64MB", "1.5 GB", "512KiB" or a whole number of bytes';
  let bytes = value;
  if (typeof value === "string") {
    const { number, unit } = quantityOf(value, expected);
    if (!Object.hasOwn(MEMORY_UNITS, unit.toLowerCase())) throw new Invalid(expected);
    bytes = Math.ceil(number * MEMORY_UNITS[unit.toLowerCase()]!);
  }
  if (typeof bytes !== "number" || !Number.isInteger(bytes)) throw new Invalid(expected);
  if (bytes <= 0) throw new Invalid("is not more than 0 bytes");
  if (bytes > bytesAtMost) {
    const [unit, name] = bytesAtMost < MEMORY_UNITS.gb!
      ? [MEMORY_UNITS.mb!, "MB"]
      : [MEMORY_UNITS.gb!, "GB"];
    throw new Invalid(`is more than the ${bytesAtMost / unit} ${name} that there can be`);
  }
  return bytes;
}

/** Milliseconds. */
export function parseTimeout(value: unknown): number {
  const expected = 'is no time: write "500ms", "1.8s", "5m", "1h" or a number of milliseconds';
  let milliseconds = value;
  if (typeof value === "string") {
    const { number, unit } = quantityOf(value, expected);
    if (!Object.hasOwn(TIME_UNITS, unit)) throw new Invalid(expected);
    milliseconds = number * TIME_UNITS[unit]!;
  }
  if (typeof milliseconds !== "number" || !Number.isFinite(milliseconds)) {
    throw new Invalid(expected);
  }
  if (milliseconds <= 0) throw new Invalid("is not more than 0 milliseconds");
  if (milliseconds > TIMEOUT_MS_AT_MOST) throw new Invalid("is more than a year");
  return milliseconds;
}

/** `1.5 GB`: a number, and what stands behind it. */
function quantityOf(text: string, expected: string): { number: number; unit: string } {
  if (text.length > QUANTITY_LENGTH_AT_MOST) throw new Invalid(expected);
  const trimmed = text.trim();
  const whole = endOfDigits(trimmed, 0);
  const end = trimmed[whole] === "." ? endOfDigits(trimmed, whole + 1) : whole;
  if (whole === 0 || end === whole + 1) throw new Invalid(expected);
  return { number: Number(trimmed.slice(0, end)), unit: trimmed.slice(end).trimStart() };
}

/** Where the digits end that begin at a place. */
function endOfDigits(text: string, start: number): number {
  let end = start;
  while (text[end]! >= "0" && text[end]! <= "9") end++;
  return end;
}

function parseRetries(value: unknown): number {
  if (!Number.isInteger(value) || (value as number) < 0 || (value as number) > RETRIES_AT_MOST) {
    throw new Invalid(`is not a whole number from 0 to ${RETRIES_AT_MOST}`);
  }
  return value as number;
}
