import { CapsuleError } from "../errors.ts";
import type { NativeLimits } from "../ffi/native.ts";
import { Invalid } from "./invalid.ts";
import { DEFAULTS, parseMemory, parseOption, type Policy } from "./policy.ts";
import { CONFIG_FILE, readSettings } from "./project.ts";

/** What the `capsule.toml` of a project says. */
export interface Config {
  /** The program that runs when none is named, relative to the project's root. */
  entrypoint?: string;
  /** What a task may use when its options say nothing. */
  defaults: Policy;
  /** What a run may use in all. Those that are not named have the defaults of the native library. */
  limits: Partial<NativeLimits>;
}

/** A value of a table that is in use: it changes the config, or throws {@link Invalid}. */
type Setter = (config: Config, value: unknown) => void;

const WORKFLOW: Record<string, Setter> = {
  name: (_, value) => void text(value),
  version: (_, value) => void text(value),
  entrypoint: (config, value) => config.entrypoint = text(value),
};

const LIMITS: Record<string, Setter> = {
  tasks_alive: (config, value) => config.limits.tasks_alive = count(value, 100_000),
  tasks_total: (config, value) => config.limits.tasks_total = count(value, 100_000_000),
  task_depth: (config, value) => config.limits.task_depth = count(value, 1000),
  json_size: (config, value) => config.limits.json_bytes = size(value),
  output_size: (config, value) => config.limits.output_bytes = size(value),
  handles: (config, value) => config.limits.handles = count(value, 1_000_000),
  requests: (config, value) => config.limits.requests = count(value, 1_000_000),
  body_size: (config, value) => config.limits.body_bytes = size(value),
};

const TASKS: Record<string, Setter> = Object.fromEntries(
  [
    "compute",
    "ram",
    "timeout",
    "max_retries",
    "allowed_files",
    "allowed_hosts",
    "env_variables",
  ].map((option) => [
    `default_${option}`,
    (config, value) => Object.assign(config.defaults, parseOption(option, "python", value)),
  ]),
);

const TABLES: Record<string, Record<string, Setter>> = {
  workflow: WORKFLOW,
  tasks: TASKS,
  limits: LIMITS,
};

/** No limit over a run may be larger: what a task returns is held in memory. */
const SIZE_AT_MOST = 2 ** 30;

/**
 * Reads the configuration of a project. Without a file, everything has its default.
 *
 * @throws {CapsuleError} `invalid_config`, naming the file, line and key.
 */
export async function readConfig(root: string): Promise<Config> {
  const config: Config = { defaults: { ...DEFAULTS }, limits: {} };
  const source = readSettings(root, CONFIG_FILE);
  if (source === undefined) return config;
  const document = await parse(source);
  for (const [table, values] of Object.entries(document)) {
    const refuse = (problem: string, key?: string) => {
      const line = lineOf(source, table, key);
      const name = key === undefined ? table : `${table}.${key}`;
      return new CapsuleError("invalid_config", `${CONFIG_FILE}:${line}: ${name}: ${problem}`);
    };
    const setters = Object.hasOwn(TABLES, table) ? TABLES[table]! : undefined;
    if (setters === undefined) {
      throw refuse(`unknown table; there are: ${Object.keys(TABLES).join(", ")}`);
    }
    if (typeof values !== "object" || values === null || Array.isArray(values)) {
      throw refuse(`it is no table: write [${table}]`);
    }
    for (const [key, value] of Object.entries(values)) {
      if (!Object.hasOwn(setters, key)) {
        throw refuse(`unknown key; there are: ${Object.keys(setters).join(", ")}`, key);
      }
      try {
        setters[key]!(config, value);
      } catch (error) {
        if (!(error instanceof Invalid)) throw error;
        throw refuse(`${shown(value)} ${error.message}`, key);
      }
    }
  }
  return config;
}

async function parse(source: string): Promise<Record<string, unknown>> {
  // Loaded only where there is a file: it costs some milliseconds.
  const { parse, TomlError } = await import("smol-toml");
  try {
    return parse(source);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const problem = error.message.split("\n")[0]!.replace("Invalid TOML document: ", "");
    throw new CapsuleError(
      "invalid_config",
      `${CONFIG_FILE}:${error.line}:${error.column}: ${problem}`,
      { cause: error },
    );
  }
}

/** Where a table begins, or one of its keys stands. The parser does not tell. */
function lineOf(source: string, table: string, key?: string): number {
  let current = "";
  let found = 1;
  for (const [index, line] of source.split("\n").entries()) {
    const header = line.match(/^\s*\[\s*["']?([\w-]+)["']?/);
    if (header) current = header[1]!;
    const [, name] = line.match(/^\s*["']?([\w-]+)["']?\s*[.=]/) ?? [];
    const dotted = line.match(/^\s*["']?([\w-]+)["']?\s*\.\s*["']?([\w-]+)/);
    const isTable = (header && current === table) || (current === "" && name === table);
    if (isTable && found === 1) found = index + 1;
    if (key === undefined) continue;
    const isKey = current === table && name === key;
    if (isKey || (dotted?.[1] === table && dotted[2] === key)) return index + 1;
  }
  return found;
}

function shown(value: unknown): string {
  return JSON.stringify(
    value,
    (_, value) => typeof value === "bigint" ? String(value) : value,
  ) ?? String(value);
}

function text(value: unknown): string {
  if (typeof value === "string" && value !== "") return value;
  throw new Invalid("is no text");
}

function count(value: unknown, atMost: number): number {
  if (Number.isInteger(value) && (value as number) >= 1 && (value as number) <= atMost) {
    return value as number;
  }
  throw new Invalid(`is not a whole number from 1 to ${atMost}`);
}

function size(value: unknown): number {
  const bytes = parseMemory(value);
  if (bytes > SIZE_AT_MOST) throw new Invalid("is more than the 1 GB that there can be");
  return bytes;
}
