import { platform } from "../platform/mod.ts";
import { join } from "../platform/path.ts";

const FOLDER = ".capsule";

/** Where a project keeps what Capsule makes for it. */
export function projectFolder(root: string): string {
  return join(root, FOLDER);
}

/**
 * A folder inside of `.capsule`, made if it is missing, or `.capsule` itself. Undefined if it leads
 * elsewhere: such a link came with somebody's repository.
 *
 * @throws A system error where nothing can be written.
 */
export function makeProjectFolder(root: string, name?: string): string | undefined {
  const base = join(platform.realPath(root), FOLDER);
  const folder = name === undefined ? base : join(base, name);
  if (platform.realPath(base) !== base || platform.realPath(folder) !== folder) return undefined;
  platform.makeFolder(folder);
  const ignore = join(base, ".gitignore");
  if (!platform.exists(ignore)) platform.replaceFile(ignore, "*\n");
  return folder;
}
