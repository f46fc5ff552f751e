/** What the fields `exports` and `imports` of a package make of an import, as Node resolves it. */
import { memberOf, objectIn } from "./json_file.ts";

/** Targets in targets. */
const LEVELS_AT_MOST = 64;
/** Longer than any path. */
const PATH_AT_MOST = 4096;
/** Of a package that lists the paths of its files. */
const PATTERNS_AT_MOST = 2000;
/** What listing a member of an object costs. */
const STEPS_OF_MEMBER = 10;

/** What is asked of a map again and again. */
interface Keys {
  /** Whether one is a path. */
  hasPaths: boolean;
  patterns: string[];
}

/** For whom it is looked up. */
export interface Asked {
  conditions: ReadonlySet<string>;
  /** Hears how many steps it takes. */
  spend(steps: number): void;
}

const keysKnown = new WeakMap<object, Keys>();

function keysOf(map: Record<string, unknown>): Keys {
  let found = keysKnown.get(map);
  if (found === undefined) {
    const keys = Object.keys(map);
    const patterns = keys.filter((key) => key.includes("*") || key.endsWith("/"));
    const hasPaths = keys.some((key) => key.startsWith("."));
    found = { hasPaths, patterns: patterns.slice(0, PATTERNS_AT_MOST) };
    keysKnown.set(map, found);
  }
  return found;
}

/**
 * What a path in a package, `.` or `./…`, means by its `exports`. Undefined for what it does not export.
 *
 * @returns A path from the package's folder, beginning with `./`.
 */
export function exportedPath(
  exports: unknown,
  subpath: string,
  asked: Asked,
): string | undefined {
  const object = objectIn(exports);
  const map = object !== undefined && keysOf(object).hasPaths ? object : { ".": exports };
  const target = targetIn(map, subpath, asked);
  return target?.startsWith("./") && isSafe(target) ? target : undefined;
}

/** What a name that begins with `#` means by a package's `imports`: a path from its folder, or another package. */
export function importedPath(
  imports: unknown,
  name: string,
  asked: Asked,
): string | undefined {
  const map = objectIn(imports);
  if (map === undefined || name === "#" || name.startsWith("#/")) return undefined;
  const target = targetIn(map, name, asked);
  if (target === undefined || target.startsWith("../") || target.startsWith("/")) return undefined;
  return target.startsWith("./") && !isSafe(target) ? undefined : target;
}

function targetIn(
  map: Record<string, unknown>,
  name: string,
  asked: Asked,
): string | undefined {
  if (Object.hasOwn(map, name) && !name.includes("*") && !name.endsWith("/")) {
    return chosen(map[name], undefined, asked, 0) ?? undefined;
  }
  let best: { key: string; star: number; length: number } | undefined;
  const { patterns } = keysOf(map);
  asked.spend(patterns.length);
  for (const key of patterns) {
    const star = key.indexOf("*");
    const isFolder = star < 0 && key.endsWith("/");
    if (star < 0 && !isFolder) continue;
    const [before, after] = isFolder ? [key, ""] : [key.slice(0, star), key.slice(star + 1)];
    const matches = name.startsWith(before) && name.endsWith(after) &&
      name.length >= before.length + after.length && name !== before;
    if (!matches) continue;
    const isBetter = best === undefined || before.length > best.length ||
      before.length === best.length && key.length > best.key.length;
    if (isBetter) best = { key, star, length: before.length };
  }
  if (best === undefined) return undefined;
  const { key, star, length } = best;
  const end = star < 0 ? name.length : name.length - (key.length - star - 1);
  const target = chosen(map[key], name.slice(length, end), asked, 0);
  return target ?? undefined;
}

/** Null ends the search: it is excluded. */
function chosen(
  target: unknown,
  match: string | undefined,
  asked: Asked,
  level: number,
): string | null | undefined {
  if (level > LEVELS_AT_MOST) return undefined;
  if (target === null) return null;
  if (typeof target === "string") {
    if (target.length > PATH_AT_MOST) return undefined;
    if (match === undefined) return target;
    if (!isSafe(`./${match}`)) return undefined;
    const stars = target.split("*").length - 1;
    if (stars * match.length > PATH_AT_MOST) return undefined;
    return stars > 0
      ? target.replaceAll("*", () => match)
      : target.endsWith("/")
      ? target + match
      : target;
  }
  if (Array.isArray(target)) {
    for (const one of target.slice(0, LEVELS_AT_MOST)) {
      const found = chosen(one, match, asked, level + 1);
      if (found !== undefined && found !== null) return found;
    }
    return undefined;
  }
  const object = objectIn(target) ?? {};
  const members = Object.keys(object);
  asked.spend(STEPS_OF_MEMBER * (members.length + 1));
  for (const condition of members) {
    if (condition !== "default" && !asked.conditions.has(condition)) continue;
    const found = chosen(memberOf(object, condition), match, asked, level + 1);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** No name of a target, behind `./`, leads elsewhere. */
function isSafe(target: string): boolean {
  return target.slice(2).split("/").every((name) =>
    name !== ".." && name !== "." && name.toLowerCase() !== "node_modules"
  ) && !target.includes("\\") && !target.includes("%");
}
