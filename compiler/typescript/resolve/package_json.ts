/** What a package says of itself. */
import { CapsuleError } from "../../../errors/error.ts";
import { normalize } from "../../../platform/path.ts";
import { clippedPath } from "../../../errors/clipped.ts";
import { memberOf, parseJson, textIn } from "./json_file.ts";

export interface PackageJson {
  /** Absolute. */
  folder: string;
  name: string | undefined;
  version: string | undefined;
  type: "module" | "commonjs" | undefined;
  /** Paths of what an import of the package means, the first that there is. */
  main: string[];
  exports: unknown;
  imports: unknown;
  /**
   * Whether a file in the folder, absolute, may be left out if nothing of it is used.
   *
   * @param spend Hears how many steps it takes to know.
   */
  isFreeOfSideEffects(file: string, spend: (steps: number) => void): boolean;
}

/** More than a package has, and than a path that somebody writes has characters. */
const PATTERNS_AT_MOST = 1000;
const PATTERN_AT_MOST = 1000;
/** Longer than any path. */
const PATH_AT_MOST = 4096;

/** The fields that name what a package consists of, in this order. */
const MAIN_FIELDS = ["module", "main"];

/** @throws {CapsuleError} for what is not JSON. */
export function parsePackageJson(text: string, path: string): PackageJson {
  const json = parseJson(text, path);
  const field = (name: string) => textIn(memberOf(json, name));
  const folder = path.slice(0, path.lastIndexOf("/")) || "/";
  const type = field("type");
  return {
    folder,
    name: field("name"),
    version: field("version"),
    type: type === "module" || type === "commonjs" ? type : undefined,
    main: MAIN_FIELDS.map(field).filter((path) =>
      path !== undefined && path.length <= PATH_AT_MOST
    ) as string[],
    exports: memberOf(json, "exports") ?? undefined,
    imports: memberOf(json, "imports") ?? undefined,
    isFreeOfSideEffects: sideEffectsOf(path, memberOf(json, "sideEffects")),
  };
}

function sideEffectsOf(path: string, said: unknown): PackageJson["isFreeOfSideEffects"] {
  if (said === false) return () => true;
  if (!Array.isArray(said)) return () => false;
  const whole = new Set<string>();
  const patterns: string[] = [];
  for (const one of said) {
    if (typeof one !== "string") continue;
    if (one.length > PATTERN_AT_MOST) {
      throw tooMany(path, `a pattern has more than ${PATTERN_AT_MOST} characters`);
    }
    const pattern = normalize((one.includes("/") ? one : `**/${one}`).replace(/^\/+/, ""));
    if (!/[*?]/.test(pattern)) whole.add(pattern);
    else if (patterns.push(pattern) > PATTERNS_AT_MOST) {
      throw tooMany(path, `there are more than ${PATTERNS_AT_MOST} patterns`);
    }
  }
  const start = path.lastIndexOf("/") + 1;
  const known = new Map<string, boolean>();
  return (file, spend) => {
    let isFree = known.get(file);
    if (isFree === undefined) {
      const inner = file.slice(start);
      isFree = !whole.has(inner) &&
        !patterns.some((pattern) => matchesPattern(pattern, inner, spend));
      known.set(file, isFree);
    }
    return isFree;
  };
}

function tooMany(path: string, problem: string): CapsuleError {
  return new CapsuleError("invalid_program", `${clippedPath(path)}: sideEffects: ${problem}`);
}

/**
 * Whether a path matches a pattern in which `*` and `?` stand for what has no slash, and `**` between slashes for any
 * folders.
 *
 * @param spend Hears how many steps it took: mostly as many as the path has characters, and at the very most those of the
 * path times those of the pattern.
 */
export function matchesPattern(
  pattern: string,
  path: string,
  spend: (steps: number) => void,
): boolean {
  let [at, end, steps] = [0, 0, 1];
  // Where to go on behind the last `*` and the last `**`: what an earlier one stands for need not change then.
  let star: { at: number; end: number } | undefined;
  let folders: { at: number; end: number } | undefined;
  let isMatch: boolean | undefined;
  for (; isMatch === undefined; steps++) {
    const character = pattern[at];
    if (character === "*") {
      const isFolders = pattern[at + 1] === "*" && (at === 0 || pattern[at - 1] === "/") &&
        (at + 2 === pattern.length || pattern[at + 2] === "/");
      if (isFolders && at + 2 === pattern.length) isMatch = true;
      else if (isFolders) [folders, star, at] = [{ at: at + 3, end }, undefined, at + 3];
      else {
        while (pattern[at] === "*") at++;
        star = { at, end };
      }
    } else if (at === pattern.length && end === path.length) isMatch = true;
    else if (
      end < path.length && (character === "?" ? path[end] !== "/" : character === path[end])
    ) [at, end] = [at + 1, end + 1];
    else if (star !== undefined && star.end < path.length && path[star.end] !== "/") {
      [at, end] = [star.at, ++star.end];
    } else if (folders !== undefined && path.includes("/", folders.end)) {
      folders.end = path.indexOf("/", folders.end) + 1;
      [at, end, star] = [folders.at, folders.end, undefined];
    } else isMatch = false;
  }
  spend(steps);
  return isMatch;
}
