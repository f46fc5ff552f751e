/** What lies in the user's cache, for `capsule doctor` and `capsule clean`. */
import { platform } from "../platform/mod.ts";
import { basename, join } from "../platform/path.ts";
import { cacheFolder } from "./place.ts";

/** A kind of what is kept. */
export interface CacheKind {
  name: string;
  /** What it is for. */
  purpose: string;
  files: number;
  bytes: number;
}

interface Kind extends Omit<CacheKind, "files" | "bytes"> {
  /** A folder of its own, or files at the top with these endings. */
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
  { name: "programs", purpose: "which bundle belongs to a source", folder: "programs" },
  { name: "builds", purpose: "which component belongs to a program", folder: "builds" },
  { name: "packages", purpose: "packages that components brought", folder: "packages" },
  {
    name: "installations",
    purpose: "where Deno keeps what npm brought",
    folder: "installations",
  },
  { name: "temporary", purpose: "files of a moment", folder: "tmp" },
];

/** What is kept, by kind. */
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

/** Removes what is kept, and nothing else that lies in the folder. Returns what it was. */
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
    // What a process that was killed left has a dot before its name, and numbers behind it.
    endings.some((ending) => name.endsWith(ending) || name.startsWith(".") && name.includes(ending))
  ).map((name) => join(base, name));
}

/** All files below a path, or the path itself, as far as this user may look. */
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
