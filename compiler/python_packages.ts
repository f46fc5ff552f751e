/** Where the packages of a Python program lie: a virtual environment. */
import { CapsuleError, type CapsuleErrorCode } from "../errors.ts";
import type { FolderGrant } from "../ffi/native.ts";
import { platform } from "../platform/mod.ts";
import { dirname, isInside, join, resolve } from "../platform/path.ts";
import { readHostFile } from "./host_file.ts";
import type { Source } from "./program.ts";

/** Where a guest sees them. */
export const GUEST_PACKAGES = "/.capsule/packages";

/** What there is more of in `.pth` files is not looked at: no environment has as much. */
const PTH_FILES_AT_MOST = 1000;
const PTH_LINES_AT_MOST = 1000;
const PTH_BYTES_AT_MOST = 1 << 20;
const EDITABLE_AT_MOST = 100;
const PATH_LENGTH_AT_MOST = 4096;

/** What `"host"` stands for. */
export interface HostPackages {
  /** Where its program looks for files, absolute. */
  cwd: string;
  /** The environment that it runs in: `VIRTUAL_ENV`. */
  environment: string | undefined;
}

/** An environment, and who has chosen it. */
interface Environment {
  path: string;
  /** It has to lie in this folder, whatever links say. */
  inside?: string | undefined;
  /** Of the error, where it cannot be used. */
  code: CapsuleErrorCode;
}

/**
 * The folders of packages that a program may import: the environment's, and those of the project's own that it was
 * installed to look into (`pip install --editable`). None if there is no environment.
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
      "compile_failed",
      `Cannot look for the packages of the program: ${problem}`,
    );
  }
}

function findFolders(source: Source, host: HostPackages): FolderGrant[] {
  const environment = environmentOf(source, host);
  const packages = environment && sitePackages(environment);
  if (packages === undefined) return [];
  const project = source.isConfined ? undefined : platform.realPath(source.root);
  const folders = [packages.folder, ...editableFolders(packages, project)];
  return [...new Set(folders)].map((host, index) => ({
    host,
    guest: index === 0 ? GUEST_PACKAGES : `${GUEST_PACKAGES}-${index}`,
    read_only: true,
  }));
}

function environmentOf(source: Source, host: HostPackages): Environment | undefined {
  const isFile = "file" in source;
  const { root, isConfined = false } = source;
  const { packages = isConfined && !isFile ? "host" : undefined } = source;
  if (packages === false) return undefined;
  if (packages !== undefined && packages !== "host") return namedEnvironment(packages);
  const isHosts = packages === "host" || !isConfined;
  if (isHosts && host.environment) {
    return { path: resolve(platform.cwd(), host.environment), code: "invalid_argument" };
  }
  const folder = packages === "host" ? host.cwd : isFile ? dirname(source.file) : root;
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
  return isThere ? { path, inside, code: "compile_failed" } : undefined;
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

/** Lines of `.pth` files that name folders of the environment, or of the project if there is one. */
function editableFolders(packages: SitePackages, project: string | undefined): string[] {
  const { environment, folder } = packages;
  const allowed = [environment, ...project === undefined ? [] : [project]];
  const found: string[] = [];
  for (const path of pthLines(folder, project === undefined ? environment : undefined)) {
    const editable = resolve(folder, path);
    if (!platform.stat(editable)?.isFolder) continue;
    const real = platform.realPath(editable);
    if (allowed.some((outer) => isInside(outer, real))) found.push(real);
    if (found.length >= EDITABLE_AT_MOST) break;
  }
  return found;
}

/** What `.pth` files say that is no code. All of them are read, before anything that they name is looked at. */
function pthLines(folder: string, inside: string | undefined): string[] {
  const files = (platform.readFolder(folder) ?? []).filter((name) => name.endsWith(".pth")).sort();
  const paths: string[] = [];
  let bytesLeft = PTH_BYTES_AT_MOST;
  for (const name of files.slice(0, PTH_FILES_AT_MOST)) {
    const options = { maxBytes: PTH_BYTES_AT_MOST, inside, code: "compile_failed" } as const;
    const content = readHostFile(join(folder, name), options);
    if (content === undefined) continue;
    bytesLeft -= content.length;
    // What more there is, is ignored, as is a line that names nothing.
    if (bytesLeft < 0) break;
    for (const line of decoder.decode(content).split("\n", PTH_LINES_AT_MOST)) {
      const path = line.trim();
      if (path === "" || path.length > PATH_LENGTH_AT_MOST || path.includes("\0")) continue;
      // Code, which Python would run.
      if (path.startsWith("#") || path.startsWith("import ") || path.startsWith("import\t")) {
        continue;
      }
      paths.push(path);
      if (paths.length >= PTH_LINES_AT_MOST) return paths;
    }
  }
  return paths;
}

const decoder = new TextDecoder();
