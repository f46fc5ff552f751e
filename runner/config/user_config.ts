/**
 * The configuration of whoever uses this machine: it speaks for the host, whatever program the command line runs. A
 * program that imports Capsule says all by options.
 */
import { join } from "../../platform/path.ts";
import { readSecret } from "./config_text.ts";
import { Environment } from "./environment.ts";
import { hostText } from "../policy/grants.ts";
import { readSettings } from "./project.ts";
import type { Secret, SecretPlaces } from "../policy/secrets.ts";
import { readInto, type SettingsFile } from "./settings_file.ts";
import { USER_CONFIG_FILE, userConfigFile, userConfigFolder } from "./user_folder.ts";

interface UserConfig {
  secrets: Record<string, SecretPlaces>;
}

/**
 * The secrets of the user's configuration. Their values come from the environment, or from `.env` beside the file; those
 * without a value, or with an empty one, are left out.
 *
 * @throws {CapsuleError} `invalid_config`, naming the file, line and key.
 */
export async function userSecrets(): Promise<Record<string, Secret>> {
  const { folder, secrets } = await readUserConfig();
  const values = await new Environment(folder).pick(Object.keys(secrets));
  return Object.fromEntries(
    Object.entries(values).filter(([, value]) => value !== "").map(([name, value]) => {
      const { hosts, headers } = secrets[name]!;
      return [name, { value, hosts: hosts.map(hostText), headers }];
    }),
  );
}

/** What `capsule doctor` says of it. */
export async function userConfigText(): Promise<string> {
  const { folder, secrets } = await readUserConfig();
  const path = folder && join(folder, USER_CONFIG_FILE);
  if (userConfigFile() === undefined) return path ? `none at ${path}` : "none, as HOME is not set";
  const bound = await userSecrets();
  const names = Object.keys(secrets).map((name) => bound[name] ? name : `${name} (no value)`);
  return names.length === 0 ? path! : `${path}, secrets: ${names.join(", ")}`;
}

async function readUserConfig(): Promise<UserConfig & { folder: string | undefined }> {
  const config: UserConfig = { secrets: {} };
  const [folder, name] = [userConfigFolder(), userConfigFile()];
  const source = name && readSettings(folder!, USER_CONFIG_FILE);
  if (source) {
    const file: SettingsFile<UserConfig> = { name, tables: { secrets: readSecret } };
    await readInto(config, source, file);
  }
  return { folder, ...config };
}
