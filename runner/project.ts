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
