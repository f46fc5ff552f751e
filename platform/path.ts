/**
 * POSIX paths. Every library for them, `node:path` included, costs 5 to 11 ms of a start of 13 under
 * Deno; Windows is not supported.
 */

/** The path without `.`, `..` and doubled slashes. An empty one is `.`. */
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

/** The parts as one path. */
export function join(...parts: string[]): string {
  return normalize(parts.filter((part) => part !== "").join("/"));
}

/** The path as seen from an absolute folder. */
export function resolve(folder: string, path: string): string {
  return path.startsWith("/") ? normalize(path) : join(folder, path);
}

/** The folder that holds the path. */
export function dirname(path: string): string {
  const end = path.lastIndexOf("/");
  if (end === -1) return ".";
  return end === 0 ? "/" : path.slice(0, end);
}

/** The last part of the path. */
export function basename(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** The ending of the last part, with its dot: `.ts`; empty if it has none. */
export function extname(path: string): string {
  const name = basename(path);
  const dot = name.lastIndexOf(".");
  return dot <= 0 ? "" : name.slice(dot);
}

/** The last part of the path without its ending. */
export function stem(path: string): string {
  const name = basename(path);
  return name.slice(0, name.length - extname(name).length);
}

/** How to come from one absolute folder to an absolute path. */
export function relative(folder: string, path: string): string {
  const from = normalize(folder).split("/").filter(Boolean);
  const to = normalize(path).split("/").filter(Boolean);
  let common = 0;
  while (common < from.length && common < to.length && from[common] === to[common]) common++;
  return [...from.slice(common).map(() => ".."), ...to.slice(common)].join("/") || ".";
}

/** Whether a relative path is written without detours, and leads to something inside of its folder. */
export function isPlain(path: string): boolean {
  return path === normalize(path) && !/^(?:\/|\.$|\.\.(?:\/|$))/.test(path);
}

/** Whether an absolute path is the folder or lies in it. */
export function isInside(folder: string, path: string): boolean {
  // Most are written plainly, and long ones take long to take apart.
  if (!DETOUR.test(folder) && !DETOUR.test(path)) {
    return path === folder || path.startsWith(`${folder}/`);
  }
  const way = relative(folder, path);
  return way !== ".." && !way.startsWith("../");
}

/** In a path that is not written plainly, or no absolute one. */
const DETOUR = /^(?!\/)|\/\.{0,2}(?:\/|$)/;
