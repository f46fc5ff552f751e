/**
 * What a program in Python takes with it when it is shipped: the distributions of its environment that it
 * can reach, whole, with their data files and metadata.
 */
import type { FolderGrant } from "../ffi/native.ts";
import { platform } from "../platform/mod.ts";
import { dirname, isPlain, join } from "../platform/path.ts";
import type { PackageFile, PackageFolder } from "./component.ts";
import type { Program } from "./program.ts";
import { importsOf } from "./python_imports.ts";

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
const NEVER_SHIPPED = new Set(["pip", "setuptools", "wheel", "capsule-sdk"]);

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
  return folders.map(({ host, guest }) => {
    const own = imported.filter((file) => file.startsWith(`${guest}/`));
    for (const file of own) {
      modules.add(file.slice(guest.length + 1).split("/")[0]!.replace(/\.py$/, ""));
    }
    return { guest, files: collect(host, modules) };
  }).filter(({ files }) => files.length > 0);
}

function collect(host: string, modules: Set<string>): PackageFile[] {
  const distributions = distributionsIn(host);
  const byModule = new Map<string, Distribution[]>();
  const byName = new Map<string, Distribution>();
  for (const distribution of distributions) {
    byName.set(distribution.name, distribution);
    for (const module of new Set(distribution.files.map(moduleOf))) {
      // A namespace is of several.
      byModule.set(module, [...byModule.get(module) ?? [], distribution]);
    }
  }
  const wanted = new Set<Distribution>();
  const want = (distribution: Distribution | undefined) => {
    if (distribution === undefined || wanted.has(distribution)) return;
    if (NEVER_SHIPPED.has(distribution.name)) return;
    wanted.add(distribution);
    for (const name of distribution.requires) want(byName.get(name));
  };
  const paths = new Set<string>();
  for (const module of modules) {
    const owners = byModule.get(module);
    owners?.forEach(want);
    // What nobody installed: a folder that lies there.
    if (owners === undefined) { for (const path of filesOf(host, module)) paths.add(path); }
  }
  for (const { files } of wanted) for (const path of files) paths.add(path);
  return [...paths].sort().flatMap((path) => {
    // Native code runs in no sandbox; its name says why an import fails.
    if (/\.(?:so|pyd|dylib)$/.test(path)) return [{ path, data: new Uint8Array(0) }];
    const data = platform.stat(join(host, path))?.isFile && platform.readFile(join(host, path));
    return data ? [{ path, data }] : [];
  });
}

function distributionsIn(host: string): Distribution[] {
  const names = (platform.readFolder(host) ?? []).filter((name) => name.endsWith(".dist-info"));
  return names.sort().flatMap((folder) => {
    const metadata = platform.readTextFile(join(host, folder, "METADATA")) ?? "";
    const record = platform.readTextFile(join(host, folder, "RECORD"));
    if (record === undefined) return [];
    const name = metadata.match(/^Name:\s*(\S+)/m)?.[1] ?? folder.split("-")[0]!;
    const requires = Array.from(
      // What only an extra needs is there if somebody asked for the extra.
      metadata.matchAll(/^Requires-Dist:\s*([A-Za-z0-9._-]+)/gm),
      ([, required]) => normalizedName(required!),
    );
    const files = record.split("\n").map(firstField).filter(isShipped);
    return [{ name: normalizedName(name), files, requires }];
  });
}

/** The first field of a line of CSV. */
function firstField(line: string): string {
  const quoted = line.match(/^"((?:[^"]|"")*)"/)?.[1];
  return quoted === undefined ? line.split(",", 1)[0]! : quoted.replaceAll('""', '"');
}

/** Neither scripts, which lie outside of the folder, nor what Python makes of sources. */
function isShipped(path: string): boolean {
  return isPlain(path) && !/(?:^|\/)__pycache__\//.test(path);
}

function moduleOf(path: string): string {
  return path.split("/")[0]!.replace(/\.py$|\.[^/]*so$/, "");
}

/** The files of a module or a package. */
function filesOf(host: string, module: string): string[] {
  if (platform.stat(join(host, `${module}.py`))?.isFile) return [`${module}.py`];
  const found: string[] = [];
  const seen = new Set<string>();
  const walk = (folder: string) => {
    // A link may lead back.
    const real = platform.realPath(join(host, folder));
    if (seen.has(real)) return;
    seen.add(real);
    for (const name of platform.readFolder(join(host, folder)) ?? []) {
      const path = join(folder, name);
      if (platform.stat(join(host, path))?.isFolder) walk(path);
      else if (isShipped(path)) found.push(path);
    }
  };
  if (platform.stat(join(host, module))?.isFolder && dirname(module) === ".") walk(module);
  return found;
}

function normalizedName(name: string): string {
  return name.toLowerCase().replaceAll(/[-_.]+/g, "-");
}

const decoder = new TextDecoder();
