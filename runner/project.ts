import { CapsuleError } from "../errors.ts";
import { platform } from "../platform/mod.ts";
import { dirname, join } from "../platform/path.ts";

/** The file that marks a project's root and configures it. */
export const CONFIG_FILE = "capsule.toml";

/** The folder of the nearest `capsule.toml` above a file, else the current folder. Both absolute. */
export function projectRoot(file: string | undefined, cwd: string): string {
  let folder = file === undefined ? cwd : dirname(file);
  while (true) {
    if (platform.stat(join(folder, CONFIG_FILE))?.isFile) return folder;
    const above = dirname(folder);
    if (above === folder) return cwd;
    folder = above;
  }
}

/**
 * A file of settings in a project's root, or undefined if there is none.
 *
 * @throws {CapsuleError} `invalid_config`, for what is no file: whoever reads a pipe may wait for ever.
 */
export function readSettings(root: string, name: string): string | undefined {
  const path = join(root, name);
  const stat = platform.stat(path);
  // A virtual environment of Python may be called `.env`.
  if (stat === undefined || stat.isFolder) return undefined;
  if (stat.isFile) return platform.readTextFile(path);
  throw new CapsuleError("invalid_config", `Cannot read ${name}: "${path}" is no file`);
}
