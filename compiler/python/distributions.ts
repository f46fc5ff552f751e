/**
 * What a program in Python takes with it when it is shipped: the distributions of its environment that it
 * can reach, whole, with their data files and metadata.
 */
import { CapsuleError } from "../../errors/error.ts";
import type { FolderGrant } from "../../ffi/native.ts";
import { platform } from "../../platform/mod.ts";
import { basename, dirname, isInside, isPlain, join } from "../../platform/path.ts";
import type { PackageFile, PackageFolder } from "../component/component.ts";
import { readHostFile, SOURCE_BYTES_AT_MOST } from "../../ffi/host_file.ts";
import type { Program } from "../program.ts";
import { importsOf } from "./imports.ts";
import { placeOf } from "./paths.ts";

/** Something installed: what its metadata says. */
interface Distribution {
  /** As requirements name it, normalized. */
  name: string;
  /** Seen from the folder. */
  files: string[];
  /** Names of distributions, normalized. */
  requires: string[];
}

/** Tools that install others, which no program means, and the SDK: the engine has its own. */
const NEVER_SHIPPED = new Set(["pip", "setuptools", "wheel", "capsule-sandbox"]);

/**
 * The packages that go with a program.
 *
 * @param imported Files of packages that it has imported, as the guest saw them.
 */
export function reachablePackages(
  program: Program,
  folders: FolderGrant[],
  imported: string[],
): PackageFolder[] {
  const written = program.files.flatMap(({ data }) => [...importsOf(decoder.decode(data))]);
  const modules = new Set(written.map(({ module }) => module.split(".")[0]!).filter(Boolean));
  modules.delete("capsule");
  const found = new Map<string, PackageFile[]>();
  for (const { host, guest } of folders) {
    const { shelf, module } = placeOf(guest);
    const own = imported.filter((file) => file.startsWith(`${shelf}/`));
    for (const file of own) modules.add(moduleOf(file.slice(shelf.length + 1)));
    try {
      const files = module === undefined
        ? collect(host, modules)
        : modules.has(moduleOf(module))
        ? packageAt(host, module)
        : [];
      found.set(shelf, [...found.get(shelf) ?? [], ...files]);
    } catch (error) {
      if (error instanceof CapsuleError || !platform.isSystemError(error)) throw error;
      const problem = (error as Error).message;
      throw new CapsuleError(
        "invalid_program",
        `Cannot ship the packages of "${host}": ${problem}`,
      );
    }
  }
  return Array.from(found, ([guest, files]) => ({ guest, files }))
    .filter(({ files }) => files.length > 0);
}

/** All of a package whose folder is granted alone. */
function packageAt(host: string, module: string): PackageFile[] {
  const shelf = new Shelf(dirname(host));
  const name = basename(host);
  return filesOf(shelf, name).sort().flatMap((path) =>
    readShipped(shelf, path, `${module}${path.slice(name.length)}`)
  );
}

function collect(host: string, modules: Set<string>): PackageFile[] {
  const shelf = new Shelf(host);
  const distributions = distributionsIn(shelf);
  const byModule = new Map<string, Distribution[]>();
  const byName = new Map<string, Distribution>();
  for (const distribution of distributions) {
    byName.set(distribution.name, distribution);
    for (const module of new Set(distribution.files.map(moduleOf))) {
      // A namespace is of several.
      const owners = byModule.get(module);
      if (owners === undefined) byModule.set(module, [distribution]);
      else owners.push(distribution);
    }
  }
  const wanted = new Set<Distribution>();
  const left: (Distribution | undefined)[] = [];
  const paths = new Set<string>();
  for (const module of modules) {
    const owners = byModule.get(module);
    if (owners !== undefined) left.push(...owners);
    // What nobody installed: a folder that lies there.
    else for (const path of filesOf(shelf, module)) paths.add(path);
  }
  while (left.length > 0) {
    const distribution = left.pop();
    if (distribution === undefined || wanted.has(distribution)) continue;
    if (NEVER_SHIPPED.has(distribution.name)) continue;
    wanted.add(distribution);
    for (const name of distribution.requires) left.push(byName.get(name));
  }
  for (const { files } of wanted) for (const path of files) paths.add(path);
  return [...paths].sort().flatMap((path) => readShipped(shelf, path, path));
}

function readShipped(shelf: Shelf, file: string, path: string): PackageFile[] {
  // Native code runs in no sandbox; its name says why an import fails.
  const isNative = NATIVE_ENDINGS.some((ending) => path.endsWith(ending));
  const data = isNative ? new Uint8Array(0) : shelf.read(file);
  return data ? [{ path, data }] : [];
}

/** A folder of packages. Nothing that lies elsewhere is read, and no more than a component may bring. */
class Shelf {
  /** Without links. */
  readonly folder: string;
  #files = 0;
  #bytes = 0;

  constructor(folder: string) {
    this.folder = platform.realPath(folder);
  }

  /** A file, or undefined if there is none, a link leads out of the folder, or it is no regular file. */
  read(path: string): Uint8Array | undefined {
    const file = join(this.folder, path);
    if (platform.stat(file)?.isFile !== true) return undefined;
    if (!isInside(this.folder, platform.realPath(file))) return undefined;
    const data = readHostFile(file, {
      maxBytes: SOURCE_BYTES_AT_MOST,
      inside: this.folder,
      code: "invalid_program",
    });
    this.#count(data?.length ?? 0);
    return data;
  }

  /** What lies in a folder: nothing, if that lies elsewhere. */
  names(path: string): string[] {
    const folder = join(this.folder, path);
    if (!isInside(this.folder, platform.realPath(folder))) return [];
    return platform.readFolder(folder) ?? [];
  }

  #count(bytes: number): void {
    this.#bytes += bytes;
    if (++this.#files <= FILES_AT_MOST && this.#bytes <= BYTES_AT_MOST) return;
    throw new CapsuleError(
      "invalid_program",
      `Cannot ship the packages of "${this.folder}": they are more than ${FILES_AT_MOST} files ` +
        `of ${BYTES_AT_MOST >> 20} MB in all`,
    );
  }
}

function distributionsIn(shelf: Shelf): Distribution[] {
  const names = shelf.names("").filter((name) => name.endsWith(".dist-info"));
  return names.sort().flatMap((folder) => {
    const metadata = textOf(shelf.read(join(folder, "METADATA"))) ?? "";
    const record = textOf(shelf.read(join(folder, "RECORD")));
    if (record === undefined) return [];
    const headers = headersOf(metadata);
    const name = headers.find(([key]) => key === "name")?.[1] || folder.split("-")[0]!;
    // What only an extra needs is there if somebody asked for the extra.
    const requires = headers.filter(([key]) => key === "requires-dist")
      .map(([, value]) => normalizedName(value.slice(0, endOfName(value))));
    const files = record.split("\n").map(firstField).filter(isShipped);
    return [{ name: normalizedName(name), files, requires }];
  });
}

/** The lines `Key: value` of metadata, before its description. Keys are in lower case. */
function headersOf(metadata: string): [key: string, value: string][] {
  const headers: [string, string][] = [];
  for (const line of metadata.split("\n")) {
    if (line.trim() === "") break;
    const colon = line.indexOf(":");
    if (colon > 0) headers.push([line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()]);
  }
  return headers;
}

/** Where the name of a requirement ends: `name[extra]>=1; marker`. */
function endOfName(requirement: string): number {
  let end = 0;
  while (end < requirement.length && NAME_CHARACTER.test(requirement[end]!)) end++;
  return end;
}

/** The first field of a line of CSV. */
function firstField(line: string): string {
  if (!line.startsWith('"')) return line.split(",", 1)[0]!.trimEnd();
  let end = line.indexOf('"', 1);
  // Two quotes are one.
  while (end !== -1 && line[end + 1] === '"') end = line.indexOf('"', end + 2);
  return line.slice(1, end === -1 ? line.length : end).replaceAll('""', '"');
}

/** Neither scripts, which lie outside of the folder, nor what Python makes of sources. */
function isShipped(path: string): boolean {
  return path.length <= PATH_LENGTH_AT_MOST && !path.includes("\0") && isPlain(path) &&
    !`/${path}`.includes("/__pycache__/");
}

function moduleOf(path: string): string {
  const name = path.split("/", 1)[0]!;
  if (name.endsWith(".py")) return name.slice(0, -3);
  return name.endsWith("so") && name.includes(".") ? name.slice(0, name.indexOf(".")) : name;
}

/** The files of a module or a package. */
function filesOf(shelf: Shelf, module: string): string[] {
  if (module.includes("/") || !isPlain(module)) return [];
  if (platform.stat(join(shelf.folder, `${module}.py`))?.isFile) return [`${module}.py`];
  const found: string[] = [];
  const seen = new Set<string>();
  const left = [module];
  for (let folder; (folder = left.pop()) !== undefined;) {
    // A link may lead back.
    const real = platform.realPath(join(shelf.folder, folder));
    if (seen.has(real) || !platform.stat(real)?.isFolder) continue;
    seen.add(real);
    for (const name of shelf.names(folder)) {
      const path = join(folder, name);
      if (platform.stat(join(shelf.folder, path))?.isFolder) left.push(path);
      else if (isShipped(path)) found.push(path);
      if (found.length > FILES_AT_MOST) return found;
    }
  }
  return found;
}

function normalizedName(name: string): string {
  return name.toLowerCase().replaceAll(/[-_.]+/g, "-");
}

function textOf(data: Uint8Array | undefined): string | undefined {
  return data && decoder.decode(data);
}

const NAME_CHARACTER = /[A-Za-z0-9._-]/;
const NATIVE_ENDINGS = [".so", ".pyd", ".dylib"];
const PATH_LENGTH_AT_MOST = 1000;
const FILES_AT_MOST = 100_000;
const BYTES_AT_MOST = 512 << 20;
const decoder = new TextDecoder();
