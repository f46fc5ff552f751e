/** Lists and empties the user's cache, for `capsule doctor` and `capsule clean`. */
import { platform } from "../platform/mod.ts";
import { basename, join } from "../platform/path.ts";
import { cacheFolder } from "./place.ts";

/** A kind of file in the cache. */
export interface CacheKind {
  name: string;
  /** What it is for. */
  purpose: string;
  files: number;
  bytes: number;
}

interface Kind extends Omit<CacheKind, "files" | "bytes"> {
  /** Its own folder, or the extensions of its files in the cache folder. */
  folder?: string;
  endings?: string[];
}

const KINDS: Kind[] = [
  {
    name: "engines",
    purpose: "machine code of the language engines",
    endings: [".cwasm", ".base", ".shape", ".code", ".seal", ".lock"],
  },
  { name: "images", purpose: "loaded programs", folder: "images" },
  { name: "programs", purpose: "index of bundles", folder: "programs" },
  { name: "builds", purpose: "index of built components", folder: "builds" },
  { name: "packages", purpose: "packages unpacked from components", folder: "packages" },
  {
    name: "installations",
    purpose: "paths of npm packages in Deno's cache",
    folder: "installations",
  },
  { name: "temporary", purpose: "temporary files", folder: "tmp" },
];

/** The content of the cache, by kind. */
export function cacheContent(): CacheKind[] {
  return KINDS.map((kind) => {
    const files = pathsOf(kind).flatMap(filesIn);
    return {
      name: kind.name,
      purpose: kind.purpose,
      files: files.length,
      bytes: files.reduce((sum, path) => sum + (platform.stat(path)?.size ?? 0), 0),
    };
  });
}

/** Removes Capsule's files, and no others, from the cache folder. Returns what was removed. */
export function emptyCache(): CacheKind[] {
  const content = cacheContent();
  for (const path of KINDS.flatMap(pathsOf)) platform.remove(path);
  return content;
}

function pathsOf({ folder, endings = [] }: Kind): string[] {
  const base = cacheFolder();
  if (base === undefined) return [];
  if (folder !== undefined) return platform.exists(join(base, folder)) ? [join(base, folder)] : [];
  return (platform.readFolder(base) ?? []).filter((name) =>
    // Temporary files of killed processes: a dot before the name, and numbers after it.
    endings.some((ending) => name.endsWith(ending) || name.startsWith(".") && name.includes(ending))
  ).map((name) => join(base, name));
}

/** All files below a path, or the path itself if it is a file. Unreadable folders are skipped. */
function filesIn(path: string): string[] {
  try {
    const stat = platform.stat(path);
    if (stat === undefined) return [];
    if (!stat.isFolder) return [path];
    return (platform.readFolder(path) ?? []).flatMap((name) => filesIn(join(path, basename(name))));
  } catch (error) {
    if (!platform.isSystemError(error)) throw error;
    return [];
  }
}
