/** Where Capsule itself lives: a guest that could write there would decide what the host runs next. */
import { installationFolders } from "../../../install/installation.ts";
import { cacheFolders } from "../../../install/certificates.ts";
import { platform } from "../../../platform/mod.ts";
import { basename, dirname, isInside, join } from "../../../platform/path.ts";
import { statOf } from "../../config/project.ts";
import { userConfigFolder } from "../../config/user_folder.ts";

/** Why a folder cannot be granted, and what to do about it. */
export interface Overlap {
  problem: string;
  hint: string;
}

/**
 * What a folder, without links, has in common with Capsule's cache or its installation. Undefined if it may be granted.
 * The cache holds what programs keep in memory: it is not to be read either.
 */
export function overlapWithCapsule(
  { host, read_only }: { host: string; read_only: boolean },
): Overlap | undefined {
  for (const folder of cacheFolders()) {
    const cache = realPath(folder);
    if (isInside(cache, host)) {
      return { problem: `lies in Capsule's cache, ${cache}`, hint: ELSEWHERE };
    }
    if (isInside(host, cache)) {
      const hint = `grant a folder inside of it that does not hold the cache, or ${ELSEWHERE}`;
      return { problem: `holds Capsule's cache, ${cache}`, hint };
    }
  }
  const folder = userConfigFolder();
  if (folder !== undefined && statOf(folder) !== undefined) {
    const own = realPath(folder);
    const hint = "grant a folder that does not hold it";
    if (isInside(own, host)) return { problem: `lies in your configuration, ${own}`, hint };
    if (isInside(host, own)) return { problem: `holds your configuration, ${own}`, hint };
  }
  if (read_only) return undefined;
  for (const folder of installationFolders()) {
    const installed = realPath(folder);
    const hint = "make it read-only, or grant another folder";
    if (isInside(installed, host)) {
      return { problem: `lies in Capsule's installation, ${installed}`, hint };
    }
    if (isInside(host, installed)) {
      return { problem: `holds Capsule's installation, ${installed}`, hint };
    }
  }
}

const ELSEWHERE = "set CAPSULE_CACHE_DIR to a folder outside of the project";

/** Without links, as far as it exists. */
function realPath(path: string): string {
  let rest = "";
  for (let folder = path;; folder = dirname(folder)) {
    if (platform.exists(folder)) return join(platform.realPath(folder), rest);
    if (folder === dirname(folder)) return path;
    rest = join(basename(folder), rest);
  }
}
