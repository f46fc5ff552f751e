/** `capsule.toml`: it may come from anyone. What it may set has ceilings, and how long it is read, too. */
import { CapsuleError } from "../errors.ts";
import type { NativeLimits } from "../ffi/native.ts";
import { platform } from "../platform/mod.ts";
import { isInside, normalize, resolve } from "../platform/path.ts";
import { BUDGET_KEYS } from "./budget.ts";
import { Invalid } from "./invalid.ts";
import { parseOption, type Policy } from "./policy.ts";
import { CONFIG_FILE, readSettings } from "./project.ts";
import type { SecretPlaces } from "./secrets.ts";

/** What the `capsule.toml` of a project says. */
export interface Config {
  /** The program that runs when none is named, relative to the project's root. */
  entrypoint?: string;
  /** What a task may use when its options say nothing, as far as the file says that. */
  defaults: Partial<Policy>;
  /** Where values of secrets may go, by their names. */
  secrets: Record<string, SecretPlaces>;
  /** What a run may use in all. Those that are not named have the defaults of the native library. */
  limits: Partial<NativeLimits>;
}

/** A value of a table that is in use: it changes the config, or throws {@link Invalid}. */
type Setter = (config: Config, value: unknown) => void;

const WORKFLOW: Record<string, Setter> = {
  name: (_, value) => void text(value),
  version: (_, value) => void text(value),
  entrypoint: (config, value) => config.entrypoint = pathInside(text(value)),
};

const BUDGET: Record<string, Setter> = Object.fromEntries(
  Object.entries(BUDGET_KEYS).map(([key, parse]) => [
    key,
    (config, value) => void Object.assign(config.limits, parse(value)),
  ]),
);

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
  budget: BUDGET,
};

/** Tables that had another name. */
const RENAMED: Record<string, string> = { limits: "budget" };

/**
 * Reads the configuration of a project. Without a file, everything has its default.
 *
 * @throws {CapsuleError} `invalid_config`, naming the file, line and key.
 */
export async function readConfig(root: string): Promise<Config> {
  return await read(readSettings(root, CONFIG_FILE));
}

/**
 * The same for a program whose author is not trusted: only its limits count, and only downwards, which is up to whoever
 * knows the host's.
 *
 * @throws {CapsuleError} `invalid_config`.
 */
export async function readConfinedConfig(root: string): Promise<Config> {
  return await read(readSettings(root, CONFIG_FILE, true));
}

/**
 * The program that a project names, absolute.
 *
 * @returns Undefined if it names none.
 * @throws {CapsuleError} `invalid_config`, also for one that leads out of the project.
 */
export async function readEntrypoint(root: string): Promise<string | undefined> {
  const source = readSettings(root, CONFIG_FILE);
  const { entrypoint } = await read(source);
  if (entrypoint === undefined) return undefined;
  const realRoot = platform.realPath(root);
  if (isInside(realRoot, realPath(resolve(realRoot, entrypoint)))) {
    return resolve(root, entrypoint);
  }
  const line = lineOf(source!, "workflow", "entrypoint");
  throw new CapsuleError(
    "invalid_config",
    `${CONFIG_FILE}:${line}: workflow.entrypoint: ${shown(entrypoint)} ${LEADS_OUT}`,
  );
}

/** Of what cannot be looked at, the path: whoever opens it says why. */
function realPath(path: string): string {
  try {
    return platform.realPath(path);
  } catch (error) {
    if (!platform.isSystemError(error)) throw error;
    return path;
  }
}

async function read(source: string | undefined): Promise<Config> {
  const config: Config = { defaults: {}, secrets: {}, limits: {} };
  if (source === undefined) return config;
  const document = await parse(source);
  for (const [table, values] of Object.entries(document)) {
    const refuse = (problem: string, key?: string, hint?: string) => {
      const line = lineOf(source, table, key);
      const name = key === undefined ? table : `${table}.${key}`;
      return new CapsuleError(
        "invalid_config",
        `${CONFIG_FILE}:${line}: ${clipped(name)}: ${problem}`,
        { hint },
      );
    };
    const isSecrets = table === "secrets";
    const setters = Object.hasOwn(TABLES, table) ? TABLES[table]! : undefined;
    if (setters === undefined && !isSecrets) {
      const problem = `unknown table; there are: ${Object.keys(TABLES).join(", ")}, secrets`;
      const name = Object.hasOwn(RENAMED, table) ? RENAMED[table] : undefined;
      throw refuse(problem, undefined, name && `[${table}] is now called [${name}]`);
    }
    if (typeof values !== "object" || values === null || Array.isArray(values)) {
      throw refuse(`it is not a table: write [${table}]`);
    }
    for (const [key, value] of Object.entries(values)) {
      if (setters !== undefined && !Object.hasOwn(setters, key)) {
        throw refuse(`unknown key; there are: ${Object.keys(setters).join(", ")}`, key);
      }
      try {
        if (isSecrets) {
          config.secrets[key] = await secretOf(key, value);
          continue;
        }
        checkLength(value);
        setters![key]!(config, value);
      } catch (error) {
        if (!(error instanceof Invalid)) throw error;
        throw refuse(`${shown(value)} ${error.message}`, key);
      }
    }
  }
  return config;
}

/** One of `[secrets.NAME]`: a value has no place in a file that is kept with a program. */
async function secretOf(name: string, places: unknown): Promise<SecretPlaces> {
  if (typeof places !== "object" || places === null || Array.isArray(places)) {
    throw new Invalid("is no table: write [secrets.NAME] and hosts below it");
  }
  for (const value of Object.values(places)) checkLength(value);
  const { parsePlaces } = await import("./secrets.ts");
  return parsePlaces(name, places as Record<string, unknown>);
}

/** Deeper than anything that has a meaning here. */
const DEPTH_AT_MOST = 32;

async function parse(source: string): Promise<Record<string, unknown>> {
  // Loaded only where there is a file: it costs some milliseconds.
  const { parse, TomlError } = await import("smol-toml");
  try {
    return parse(source, { maxDepth: DEPTH_AT_MOST });
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const problem = error.message.split("\n")[0]!.replace("Invalid TOML document: ", "");
    throw new CapsuleError(
      "invalid_config",
      `${CONFIG_FILE}:${error.line}:${error.column}: ${clipped(problem)}`,
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

/** Longer than any text that has a meaning here: whoever parses it need not fear how long that takes. */
const CHARACTERS_AT_MOST = 4096;

function checkLength(value: unknown): void {
  const texts = Array.isArray(value) ? value : [value];
  if (texts.every((text) => typeof text !== "string" || text.length <= CHARACTERS_AT_MOST)) return;
  throw new Invalid(`is longer than ${CHARACTERS_AT_MOST} characters`);
}

/** A value as a message shows it. */
function shown(value: unknown): string {
  const text = JSON.stringify(
    value,
    (_, value) => typeof value === "bigint" ? String(value) : value,
  ) ?? String(value);
  return clipped(text);
}

/** Of a name or a value, what a message has room for. */
function clipped(text: string): string {
  return text.length <= 200 ? text : `${text.slice(0, 200).toWellFormed()}…`;
}

/** A path that does not lead out of the project by its names. */
function pathInside(path: string): string {
  const plain = normalize(path);
  if (!path.startsWith("/") && plain !== ".." && !plain.startsWith("../") && !path.includes("\0")) {
    return path;
  }
  throw new Invalid(LEADS_OUT);
}

const LEADS_OUT = "leads out of the project";

function text(value: unknown): string {
  if (typeof value === "string" && value !== "") return value;
  throw new Invalid("is no text");
}
