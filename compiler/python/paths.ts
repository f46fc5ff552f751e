/** Folders of packages as a guest sees them. */
import type { FolderGrant } from "../../ffi/native.ts";
import { platform } from "../../platform/mod.ts";
import { isInside, join } from "../../platform/path.ts";

/** Where a guest sees packages. */
export const GUEST_PACKAGES = "/.capsule/packages";

/** Where a Python finds packages. */
export interface PackagePath {
  folder: string;
  /** All of the folder is packages: `site-packages`. Else it may be somebody's project. */
  whole?: boolean;
  /** The folder is this package. */
  module?: string;
}

/**
 * Grants what can be imported, read-only. Of a folder with other things in it, such as a project, a guest sees the packages
 * alone.
 */
export function grantPaths(paths: PackagePath[]): FolderGrant[] {
  const grants: FolderGrant[] = [];
  const seen = new Set<string>();
  let shelves = 0;
  for (const { folder, whole, module } of paths) {
    if (grants.length >= GRANTS_AT_MOST || !platform.stat(folder)?.isFolder) continue;
    const real = platform.realPath(folder);
    const key = JSON.stringify([real, module]);
    if (seen.has(key) || seen.has(JSON.stringify([real, undefined]))) continue;
    seen.add(key);
    const guest = shelves === 0 ? GUEST_PACKAGES : `${GUEST_PACKAGES}-${shelves}`;
    const members = module !== undefined
      ? modulePath(module)
      : whole || isShelf(real)
      ? [""]
      : packagesIn(real);
    for (const member of members) {
      const host = module === undefined ? platform.realPath(join(real, member)) : real;
      grants.push({ host, guest: member === "" ? guest : `${guest}/${member}`, read_only: true });
    }
    if (members.length > 0) shelves++;
  }
  return grants.slice(0, GRANTS_AT_MOST);
}

/** Where a grant lies: a folder of packages, or one package in it. */
export function placeOf(guest: string): { shelf: string; module: string | undefined } {
  const end = guest.indexOf("/", GUEST_PACKAGES.length);
  if (end === -1) return { shelf: guest, module: undefined };
  return { shelf: guest.slice(0, end), module: guest.slice(end + 1) };
}

function modulePath(module: string): string[] {
  return module.split(".").every((name) => NAME.test(name)) ? [module.replaceAll(".", "/")] : [];
}

/** Whether a folder holds modules, packages and what belongs to them, and nothing else. */
function isShelf(folder: string): boolean {
  const names = platform.readFolder(folder) ?? [];
  // Installed there by `pip install --target`.
  if (names.some((name) => name.endsWith(".dist-info"))) return true;
  const isModule = (name: string) => MODULE.test(name) || isPackage(folder, name);
  const isOfModules = (name: string) => METADATA.test(name) || isModule(name);
  // Its own SDK is what a guest imports.
  return names.some(isModule) && names.every(isOfModules) && !names.includes("capsule");
}

/** The packages in a folder, without links that lead out of it. */
function packagesIn(folder: string): string[] {
  return (platform.readFolder(folder) ?? []).sort().filter((name) =>
    name !== "capsule" && isPackage(folder, name) &&
    isInside(folder, platform.realPath(join(folder, name)))
  );
}

function isPackage(folder: string, name: string): boolean {
  return NAME.test(name) && platform.stat(join(folder, name, "__init__.py"))?.isFile === true;
}

const NAME = /^[A-Za-z_]\w{0,254}$/;
const MODULE = /^\w+\.(?:py|pyi|[\w.-]*so)$/;
const METADATA = /^(?:__pycache__|py\.typed|.*\.egg-info)$/;
const GRANTS_AT_MOST = 200;
