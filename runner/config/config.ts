/** `capsule.toml` of a project. Most have none, and do without what reads one. */
import type { Config } from "./config_text.ts";
import { CONFIG_FILE, readSettings } from "./project.ts";

export type { Config } from "./config_text.ts";

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
  if (source === undefined) return undefined;
  const { parseEntrypoint } = await import("./config_text.ts");
  return await parseEntrypoint(root, source);
}

async function read(source: string | undefined): Promise<Config> {
  if (source === undefined) return { defaults: {}, secrets: {}, limits: {} };
  const { parseConfig } = await import("./config_text.ts");
  return await parseConfig(source);
}
