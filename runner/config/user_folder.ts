/** Where the configuration of whoever uses this machine lies. */
import { platform } from "../../platform/mod.ts";
import { join } from "../../platform/path.ts";
import { statOf } from "./project.ts";

export const USER_CONFIG_FILE = "config.toml";

/** The folder, absolute, whether or not there is one. Undefined without a home. */
export function userConfigFolder(): string | undefined {
  const absolute = (name: string) => {
    const folder = platform.env(name);
    return folder?.startsWith("/") ? folder : undefined;
  };
  const home = absolute("HOME");
  const base = absolute("XDG_CONFIG_HOME") ?? (home && join(home, ".config"));
  return base && join(base, "capsule");
}

/** The file, if there is one that this user may look at: a home may be somebody else's. */
export function userConfigFile(): string | undefined {
  const folder = userConfigFolder();
  const file = folder && join(folder, USER_CONFIG_FILE);
  return file !== undefined && statOf(file) !== undefined ? file : undefined;
}
