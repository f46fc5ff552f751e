/** Sources that come from the web, as JSR's do, bring no files: those come from npm. */
import { CapsuleError } from "../errors/error.ts";
import { platform } from "../platform/mod.ts";
import { join } from "../platform/path.ts";
import { VERSION } from "../version.ts";
import { readEntry, writeEntry } from "../cache/entries.ts";
import { cacheSubfolder } from "../cache/place.ts";

/** What the module of a native package tells. */
export interface WebInstallation {
  /** `native/` and `engines/` lie in it. */
  folder: string;
  /** esbuild's own program. */
  esbuild: string;
}

/**
 * Where the package lies that this version needs. Deno downloads it the first time; what it says is kept, as
 * asking takes Deno longer than a whole run does.
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
    // Whoever runs a command in a stranger's repository wants nothing of it but its program.
    throw new CapsuleError(
      "installation",
      `Cannot use ${name} from "${installation.folder}": it belongs to the project here`,
      { hint: "deno run --no-config, or the command that deno install -g makes, take Deno's own" },
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
      { hint: "there are packages for Linux with glibc and for macOS", cause },
    );
  }
}

/** Deno's own copies lie elsewhere. */
function isOfProject({ folder, esbuild }: WebInstallation): boolean {
  return [folder, esbuild].some((path) => path.includes("/node_modules/"));
}

function isThere(path: unknown): boolean {
  return typeof path === "string" && platform.exists(path);
}
