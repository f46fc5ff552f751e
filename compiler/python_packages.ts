/** Where the packages of a Python program lie: the virtual environment of its project. */
import type { FolderGrant } from "../ffi/native.ts";
import { platform } from "../platform/mod.ts";
import { dirname, isInside, join, resolve } from "../platform/path.ts";

/** Where a guest sees them. */
export const GUEST_PACKAGES = "/.capsule/packages";

/**
 * The folders of packages: the environment's, and those of the project's own that it was installed to look
 * into (`pip install --editable`). None if there is no environment.
 *
 * @param chosen The environment, if somebody has chosen one: by `VIRTUAL_ENV`.
 */
export function packageFolders(
  root: string,
  folder: string,
  chosen = platform.env("VIRTUAL_ENV"),
): FolderGrant[] {
  const environment = chosen || nearestEnvironment(root, folder);
  const packages = environment && sitePackages(environment);
  if (packages === undefined) return [];
  const hosts = [packages, ...editableFolders(packages, root)].map(platform.realPath);
  return [...new Set(hosts)].map((host, index) => ({
    host,
    guest: index === 0 ? GUEST_PACKAGES : `${GUEST_PACKAGES}-${index}`,
    read_only: true,
  }));
}

/** The nearest `.venv` above the program, inside of its project. */
function nearestEnvironment(root: string, folder: string): string | undefined {
  for (let above = folder; isInside(root, above); above = dirname(above)) {
    const path = join(above, ".venv");
    if (platform.stat(join(path, "pyvenv.cfg"))?.isFile) return path;
    if (above === dirname(above)) break;
  }
}

function sitePackages(environment: string): string | undefined {
  const lib = join(environment, "lib");
  const versions = (platform.readFolder(lib) ?? []).filter((name) => name.startsWith("python3"));
  return versions.map((name) => join(lib, name, "site-packages"))
    .find((path) => platform.stat(path)?.isFolder);
}

/** Lines of `.pth` files that name folders of the project. */
function editableFolders(packages: string, root: string): string[] {
  const files = (platform.readFolder(packages) ?? []).filter((name) => name.endsWith(".pth"))
    .sort();
  const realRoot = platform.realPath(root);
  return files.flatMap((name) => (platform.readTextFile(join(packages, name)) ?? "").split("\n"))
    .map((line) => line.trim())
    .filter((line) => line !== "" && !/^(?:#|import\s)/.test(line))
    .map((line) => resolve(packages, line))
    .filter((path) => platform.stat(path)?.isFolder && isInside(realRoot, platform.realPath(path)));
}
