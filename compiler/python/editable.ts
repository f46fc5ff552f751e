/** Where an environment of Python points to: lines of `.pth` files, and the finders of setuptools. */
import { platform } from "../../platform/mod.ts";
import { isInside, join, resolve } from "../../platform/path.ts";
import { readHostFile } from "../../ffi/host_file.ts";
import type { PackagePath } from "./paths.ts";

/** Whose files are read. */
export interface Editables {
  /** Without links. */
  environment: string;
  /** Its `site-packages`. */
  folder: string;
  /** The project of a program that is trusted, without links. */
  project: string | undefined;
  /** It is the host's own environment: it may point to any folder. */
  isHosts: boolean | undefined;
}

/**
 * What was installed to be found elsewhere. An environment that came with a program points into itself, or into the
 * project if the program is trusted; the host's own may point to any folder, of which only the packages count.
 */
export function editablePaths({ environment, folder, project, isHosts }: Editables): PackagePath[] {
  const own = [environment, ...project === undefined ? [] : [project]];
  const found: PackagePath[] = [];
  const add = (path: PackagePath) => {
    const editable = resolve(folder, path.folder);
    if (found.length >= EDITABLE_AT_MOST || !platform.stat(editable)?.isFolder) return;
    const real = platform.realPath(editable);
    const isOwn = own.some((outer) => isInside(outer, real));
    if (isOwn || isHosts) found.push({ ...path, folder: real, whole: isOwn });
  };
  const inside = isHosts || project !== undefined ? undefined : environment;
  const files = readFiles(folder, inside);
  for (const { name, text } of files) {
    if (name.endsWith(".pth")) { for (const path of pthLines(text)) add({ folder: path }); }
  }
  for (const { name, text } of files) {
    if (name.endsWith(".py")) { for (const path of finderModules(text)) add(path); }
  }
  return found;
}

/** The files that point elsewhere. All of them are read, before anything that they name is looked at. */
function readFiles(folder: string, inside: string | undefined): { name: string; text: string }[] {
  const names = (platform.readFolder(folder) ?? []).filter((name) =>
    name.endsWith(".pth") || FINDER.test(name)
  );
  const files = [];
  let bytesLeft = BYTES_AT_MOST;
  for (const name of names.sort().slice(0, FILES_AT_MOST)) {
    const options = { maxBytes: BYTES_AT_MOST, inside, code: "invalid_program" } as const;
    const content = readHostFile(join(folder, name), options);
    if (content === undefined) continue;
    bytesLeft -= content.length;
    // What more there is, is ignored, as is a line that names nothing.
    if (bytesLeft < 0) break;
    files.push({ name, text: decoder.decode(content) });
  }
  return files;
}

/** The lines of a `.pth` file that are no code, which Python would run. */
function pthLines(text: string): string[] {
  return text.split("\n", LINES_AT_MOST).map((line) => line.trim()).filter((line) =>
    isPath(line) && !line.startsWith("#") && !/^import[ \t]/.test(line)
  );
}

/** `MAPPING` of a finder that setuptools has written: packages, and their folders. */
function finderModules(text: string): PackagePath[] {
  const line = text.split("\n", LINES_AT_MOST).find((line) => line.startsWith("MAPPING"));
  if (line === undefined) return [];
  // Names with escapes are of nobody.
  const entries = line.matchAll(/'([\w.]{1,255})': '([^'\\]{1,4096})'/g);
  return Array.from(entries, ([, module, folder]) => ({ folder: folder!, module: module! }))
    .filter(({ folder }) => isPath(folder));
}

function isPath(text: string): boolean {
  return text !== "" && text.length <= PATH_LENGTH_AT_MOST && !text.includes("\0");
}

const FINDER = /^__editable__.*_finder\.py$/;
/** What there is more of is not looked at: no environment has as much. */
const FILES_AT_MOST = 1000;
const LINES_AT_MOST = 1000;
const BYTES_AT_MOST = 1 << 20;
const EDITABLE_AT_MOST = 100;
const PATH_LENGTH_AT_MOST = 4096;
const decoder = new TextDecoder();
