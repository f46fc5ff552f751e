/**
 * POSIX paths. No library is used, not even `node:path`, because loading one takes Deno 5 to 11 ms. Windows is not
 * supported.
 */

/** The path without `.`, `..` and double slashes. An empty path becomes `.`. */
export function normalize(path: string): string {
  const absolute = path.startsWith("/");
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "" || part === ".") continue;
    if (part === ".." && parts.length > 0 && parts.at(-1) !== "..") parts.pop();
    else if (part !== ".." || !absolute) parts.push(part);
  }
  return (absolute ? "/" : "") + parts.join("/") || ".";
}

/** Joins parts into one normalized path. */
export function join(...parts: string[]): string {
  return normalize(parts.filter((part) => part !== "").join("/"));
}

/** The path, resolved against an absolute folder. */
export function resolve(folder: string, path: string): string {
  return path.startsWith("/") ? normalize(path) : join(folder, path);
}

/** The path without its last part. */
export function dirname(path: string): string {
  const end = path.lastIndexOf("/");
  if (end === -1) return ".";
  return end === 0 ? "/" : path.slice(0, end);
}

/** The last part of the path. */
export function basename(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** The extension of the last part, with its dot, such as `.ts`; empty if it has none. */
export function extname(path: string): string {
  const name = basename(path);
  const dot = name.lastIndexOf(".");
  return dot <= 0 ? "" : name.slice(dot);
}

/** The last part of the path without its extension. */
export function stem(path: string): string {
  const name = basename(path);
  return name.slice(0, name.length - extname(name).length);
}

/** The relative path from an absolute folder to an absolute path. */
export function relative(folder: string, path: string): string {
  const from = normalize(folder).split("/").filter(Boolean);
  const to = normalize(path).split("/").filter(Boolean);
  let common = 0;
  while (common < from.length && common < to.length && from[common] === to[common]) common++;
  return [...from.slice(common).map(() => ".."), ...to.slice(common)].join("/") || ".";
}

/** Whether a path is relative, normalized, and inside its folder. */
export function isPlain(path: string): boolean {
  return path === normalize(path) && !/^(?:\/|\.$|\.\.(?:\/|$))/.test(path);
}

/** Whether an absolute path is the folder or inside it. */
export function isInside(folder: string, path: string): boolean {
  // Most paths are normalized already; comparing them as text is faster.
  if (!DETOUR.test(folder) && !DETOUR.test(path)) {
    return path === folder || path.startsWith(`${folder}/`);
  }
  const way = relative(folder, path);
  return way !== ".." && !way.startsWith("../");
}

/** Matches a path that is relative or not normalized. */
const DETOUR = /^(?!\/)|\/\.{0,2}(?:\/|$)/;
