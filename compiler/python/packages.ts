/** Where the packages of a Python program lie: a virtual environment. */
import { CapsuleError, type CapsuleErrorCode } from "../../errors/error.ts";
import type { FolderGrant } from "../../ffi/native.ts";
import { platform } from "../../platform/mod.ts";
import { dirname, isInside, join, resolve } from "../../platform/path.ts";
import type { Source } from "../program.ts";
import { editablePaths } from "./editable.ts";
import { grantPaths, type PackagePath } from "./paths.ts";

/** What `"host"` stands for. */
export interface HostPackages {
  /** Where its program looks for files, absolute. */
  cwd: string;
  /** The environment that it runs in: `VIRTUAL_ENV`. */
  environment: string | undefined;
  /** Where the Python that the host is written in, or that has started it, finds packages. */
  interpreter?: PackagePath[] | undefined;
}

/** An environment, and who has chosen it. */
interface Environment {
  path: string;
  /** It has to lie in this folder, whatever links say. */
  inside?: string | undefined;
  /** Of the error, where it cannot be used. */
  code: CapsuleErrorCode;
  /** It is the host's own: Python would look wherever its files point to. */
  isHosts?: boolean;
}

/**
 * The folders of packages that a program may import: those of its environment, and what was installed there to be found
 * elsewhere (`pip install --editable`); then those of the host's own Python. None if there is neither.
 *
 * @throws {CapsuleError} for an environment that leads elsewhere: `invalid_argument` if the host has chosen it,
 * `compile_failed` if it came with the program.
 */
export function packageFolders(source: Source, host: HostPackages): FolderGrant[] {
  try {
    return findFolders(source, host);
  } catch (error) {
    if (error instanceof CapsuleError || !platform.isSystemError(error)) throw error;
    const problem = (error as Error).message;
    throw new CapsuleError(
      "invalid_program",
      `Cannot look for the packages of the program: ${problem}`,
    );
  }
}

function findFolders(source: Source, host: HostPackages): FolderGrant[] {
  const project = source.isConfined ? undefined : platform.realPath(source.root);
  const environment = environmentOf(source, host);
  const packages = environment && sitePackages(environment);
  const paths: PackagePath[] = packages === undefined ? [] : [
    { folder: packages.folder, whole: true },
    ...editablePaths({ ...packages, project, isHosts: environment!.isHosts }),
  ];
  if (isOfHost(source)) paths.push(...host.interpreter ?? []);
  return grantPaths(paths);
}

/** Whether a program may import what its host can: a stranger's file has packages of its own. */
function isOfHost({ packages, isConfined = false, ...source }: Source): boolean {
  return packages === "host" || packages === undefined && !(isConfined && "file" in source);
}

function environmentOf(source: Source, host: HostPackages): Environment | undefined {
  const { root, isConfined = false } = source;
  const { packages = isConfined && "code" in source ? "host" : undefined } = source;
  if (packages === false) return undefined;
  if (packages !== undefined && packages !== "host") return namedEnvironment(packages);
  if (isOfHost(source) && host.environment) {
    const path = resolve(platform.cwd(), host.environment);
    return { path, code: "invalid_argument", isHosts: true };
  }
  if (packages === "host" && host.interpreter !== undefined) return undefined;
  const folder = packages === "host" ? host.cwd : source.folder;
  if (!isConfined) return nearestEnvironment(isInside(root, folder) ? root : folder, folder);
  // Nothing above the folder is the program's, and what lies there may be a link.
  return environmentIn(folder, folder);
}

/** The environment of a folder that the host names: it is one, or holds one. */
function namedEnvironment(folder: string): Environment {
  const found = environmentIn(folder) ?? { path: folder, code: "invalid_argument" };
  if (sitePackages({ ...found, code: "invalid_argument" }) !== undefined) {
    return { ...found, code: "invalid_argument" };
  }
  throw new CapsuleError(
    "invalid_argument",
    `packages: "${folder}" is no virtual environment of Python, and holds none`,
    { hint: `make one: python3 -m venv ${join(folder, ".venv")}` },
  );
}

/** The nearest `.venv` above the program, inside of its project. */
function nearestEnvironment(root: string, folder: string): Environment | undefined {
  for (let above = folder; isInside(root, above); above = dirname(above)) {
    const found = environmentIn(above);
    if (found !== undefined) return found;
    if (above === dirname(above)) break;
  }
}

function environmentIn(folder: string, inside?: string): Environment | undefined {
  const path = join(folder, ".venv");
  const isThere = platform.stat(join(path, "pyvenv.cfg"))?.isFile;
  return isThere ? { path, inside, code: "invalid_program" } : undefined;
}

/** Both without links: what is looked at is what is granted. */
interface SitePackages {
  environment: string;
  folder: string;
}

function sitePackages({ path, inside, code }: Environment): SitePackages | undefined {
  // A link to the user's own files would show them all.
  const refuse = (folder: string, outOf: string) =>
    new CapsuleError(
      code,
      `Cannot use the packages of "${path}": "${folder}" is a link that leads out of "${outOf}"`,
      { hint: "packages names a folder with the ones that are meant, or says that there are none" },
    );
  const environment = platform.realPath(path);
  if (inside !== undefined && !isInside(platform.realPath(inside), environment)) {
    throw refuse(path, inside);
  }
  const lib = join(environment, "lib");
  if (platform.realPath(lib) !== lib) throw refuse(lib, environment);
  const versions = (platform.readFolder(lib) ?? []).filter((name) => name.startsWith("python3"));
  for (const name of versions.sort()) {
    const packages = join(lib, name, "site-packages");
    if (!platform.stat(packages)?.isFolder) continue;
    const folder = platform.realPath(packages);
    if (!isInside(lib, folder)) throw refuse(packages, environment);
    return { environment, folder };
  }
}
