/** An installation from the web (JSR) has sources only; library, engines and esbuild come from an npm package. */
import { CapsuleError } from "../errors/error.ts";
import { platform } from "../platform/mod.ts";
import { join } from "../platform/path.ts";
import { VERSION } from "../version.ts";
import { readEntry, writeEntry } from "../cache/entries.ts";
import { cacheSubfolder } from "../cache/place.ts";

/** The exports of the native package's module. */
export interface WebInstallation {
  /** The folder that contains `native/` and `engines/`. */
  folder: string;
  /** esbuild's executable. */
  esbuild: string;
}

/**
 * Finds the native package of this version. Deno downloads it the first time; its paths are cached, because resolving
 * them takes Deno longer than a whole run.
 *
 * @throws {CapsuleError} `installation`.
 */
export async function findWebInstallation(name: string): Promise<WebInstallation> {
  const folder = cacheSubfolder("installations");
  const path = folder && join(folder, `${VERSION}.json`);
  const kept = readEntry<WebInstallation>(path);
  if (kept !== undefined && isThere(kept.folder) && isThere(kept.esbuild)) return kept;
  const installation = await load(name);
  if (!isOfProject(installation)) {
    writeEntry(path, installation);
  } else if (!platform.isMainFile()) {
    // The command must not run code of an untrusted repository's node_modules.
    throw new CapsuleError(
      "installation",
      `Cannot use ${name} from "${installation.folder}": it belongs to the current project`,
      { hint: "use deno run --no-config, or the command that deno install -g installs" },
    );
  }
  return installation;
}

async function load(name: string): Promise<WebInstallation> {
  try {
    const { folder, esbuild } = await import(`npm:${name}@${VERSION}`);
    return { folder, esbuild };
  } catch (cause) {
    throw new CapsuleError(
      "installation",
      `Cannot load ${name} ${VERSION} from npm: ${(cause as Error).message}`,
      { hint: "supported platforms: Linux with glibc, and macOS", cause },
    );
  }
}

/** Whether it comes from a project's `node_modules`, and not from Deno's cache. */
function isOfProject({ folder, esbuild }: WebInstallation): boolean {
  return [folder, esbuild].some((path) => path.includes("/node_modules/"));
}

function isThere(path: unknown): boolean {
  return typeof path === "string" && platform.exists(path);
}
