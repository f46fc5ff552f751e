import { readHostTextFile } from "../../ffi/host_file.ts";
import { platform } from "../../platform/mod.ts";
import type { FileStat } from "../../platform/platform.ts";
import { dirname, join } from "../../platform/path.ts";

/** The file that marks a project's root and configures it. */
export const CONFIG_FILE = "capsule.toml";

/** The folder of the nearest `capsule.toml` above a file, else the current folder. Both absolute. */
export function projectRoot(file: string | undefined, cwd: string): string {
  let folder = file === undefined ? cwd : dirname(file);
  while (true) {
    if (statOf(join(folder, CONFIG_FILE))?.isFile) return folder;
    const above = dirname(folder);
    if (above === folder) return cwd;
    folder = above;
  }
}

/** What lies at a path. Undefined also for what cannot be looked at, because its links go round in circles, say. */
export function statOf(path: string): FileStat | undefined {
  try {
    return platform.stat(path);
  } catch (error) {
    if (!platform.isSystemError(error)) throw error;
  }
}

/** More than any file of settings needs: whoever made it may want it to take long. */
export const SETTINGS_BYTES_AT_MOST = 64 << 10;

/**
 * A file of settings in a project's root, or undefined if there is none.
 *
 * @param isConfined Its author is not trusted: it may not be a link to a file elsewhere, which messages would quote.
 * @throws {CapsuleError} `invalid_config`, for what is not a regular file of text, or too large.
 */
export function readSettings(root: string, name: string, isConfined = false): string | undefined {
  const path = join(root, name);
  // A virtual environment of Python may be called `.env`.
  if (statOf(path)?.isFolder) return undefined;
  return readHostTextFile(path, {
    maxBytes: SETTINGS_BYTES_AT_MOST,
    inside: isConfined ? root : undefined,
    code: "invalid_config",
  });
}
