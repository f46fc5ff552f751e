/** The text of `capsule.toml`. Anyone may have written it: what it sets, and how long it is read, is limited. */
import { Invalid, invalid } from "../../errors/invalid.ts";
import { isRecord } from "../../errors/record.ts";
import { platform } from "../../platform/mod.ts";
import { isInside, normalize, resolve } from "../../platform/path.ts";
import type { NativeLimits } from "../../ffi/native.ts";
import { BUDGET_KEYS } from "../policy/budget.ts";
import { parseOption, type Policy } from "../policy/policy.ts";
import type { SecretPlaces } from "../policy/secrets.ts";
import { CONFIG_FILE } from "./project.ts";
import { lineOf, readInto, type Setter, type SettingsFile } from "./settings_file.ts";

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

const WORKFLOW: Record<string, Setter<Config>> = {
  name: (_, value) => void text(value),
  version: (_, value) => void text(value),
  entrypoint: (config, value) => config.entrypoint = pathInside(text(value)),
};

const BUDGET: Record<string, Setter<Config>> = Object.fromEntries(
  Object.entries(BUDGET_KEYS).map(([key, parse]) => [
    key,
    (config, value) => void Object.assign(config.limits, parse(value)),
  ]),
);

const TASKS: Record<string, Setter<Config>> = Object.fromEntries(
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

const FILE: SettingsFile<Config> = {
  name: CONFIG_FILE,
  tables: { workflow: WORKFLOW, tasks: TASKS, budget: BUDGET, secrets: readSecret },
  renamed: { limits: "budget" },
};

/**
 * Reads the text of a `capsule.toml`.
 *
 * @throws {CapsuleError} `invalid_config`, naming the file, line and key.
 */
export async function parseConfig(source: string): Promise<Config> {
  const config: Config = { defaults: {}, secrets: {}, limits: {} };
  await readInto(config, source, FILE);
  return config;
}

/**
 * The program that the text of a `capsule.toml` names, absolute.
 *
 * @returns Undefined if it names none.
 * @throws {CapsuleError} `invalid_config`, also for one that leads out of the project.
 */
export async function parseEntrypoint(root: string, source: string): Promise<string | undefined> {
  const { entrypoint } = await parseConfig(source);
  if (entrypoint === undefined) return undefined;
  const realRoot = platform.realPath(root);
  if (isInside(realRoot, realPath(resolve(realRoot, entrypoint)))) {
    return resolve(root, entrypoint);
  }
  const line = lineOf(source, "workflow", "entrypoint");
  const place = { code: "invalid_config", file: CONFIG_FILE, line } as const;
  throw invalid({ ...place, option: "workflow.entrypoint" }, leadsOut(entrypoint));
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

/** One of `[secrets.NAME]`: a value has no place in a file that is kept with a program. */
export async function readSecret(
  { secrets }: Pick<Config, "secrets">,
  name: string,
  places: unknown,
): Promise<void> {
  if (!isRecord(places)) {
    throw new Invalid({ expected: "a table: [secrets.NAME] with hosts" });
  }
  if ("value" in places) {
    throw new Invalid({
      problem: "a value cannot be set in this file",
      hint: `set ${name} in the environment, or in .env`,
    });
  }
  const { parsePlaces } = await import("../policy/secrets.ts");
  secrets[name] = parsePlaces(name, places);
}

/** A path that does not lead out of the project by its names. */
function pathInside(path: string): string {
  const plain = normalize(path);
  if (!path.startsWith("/") && plain !== ".." && !plain.startsWith("../") && !path.includes("\0")) {
    return path;
  }
  throw leadsOut(path);
}

function leadsOut(value: string): Invalid {
  return new Invalid({ expected: "a path inside the project", value });
}

function text(value: unknown): string {
  if (typeof value === "string" && value !== "") return value;
  throw new Invalid({ expected: "text", value });
}
