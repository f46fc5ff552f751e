/** What a package says of itself. */
import { join } from "../platform/path.ts";
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
  /** Whether a file, absolute, may be left out if nothing of it is used. */
  isFreeOfSideEffects(file: string): boolean;
}

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
    main: MAIN_FIELDS.map(field).filter((path) => path !== undefined),
    exports: memberOf(json, "exports") ?? undefined,
    imports: memberOf(json, "imports") ?? undefined,
    isFreeOfSideEffects: sideEffectsOf(folder, memberOf(json, "sideEffects")),
  };
}

function sideEffectsOf(folder: string, said: unknown): (file: string) => boolean {
  if (said === false) return () => true;
  if (!Array.isArray(said)) return () => false;
  const patterns = said.filter((pattern) => typeof pattern === "string").map((pattern) =>
    join(folder, pattern.includes("/") ? pattern : `**/${pattern}`)
  );
  return (file) => !patterns.some((pattern) => matchesPattern(pattern, file));
}

/**
 * Whether a path matches a pattern in which `*` and `?` stand for what has no slash, and `**` between slashes for any
 * folders. In time of the product of both lengths.
 */
export function matchesPattern(pattern: string, path: string): boolean {
  if (pattern.length * path.length > 1_000_000) return false;
  // Whether the pattern until here matches the path until each of its characters.
  let matched = new Uint8Array(path.length + 1);
  matched[0] = 1;
  for (let at = 0; at < pattern.length; at++) {
    const next = new Uint8Array(path.length + 1);
    const isStar = pattern[at] === "*";
    const isFolders = isStar && pattern[at + 1] === "*" &&
      (at === 0 || pattern[at - 1] === "/") &&
      (at + 2 === pattern.length || pattern[at + 2] === "/");
    if (isFolders) {
      // With the slash behind it: none, or some whole names.
      let isIn = false;
      for (let end = 0; end <= path.length; end++) {
        if (matched[end] === 1) [isIn, next[end]] = [true, 1];
        else if (isIn && (path[end - 1] === "/" || end === path.length)) next[end] = 1;
      }
      at += 2;
    } else if (isStar) {
      while (pattern[at + 1] === "*") at++;
      for (let end = 0; end <= path.length; end++) {
        if (matched[end] === 1 || end > 0 && next[end - 1] === 1 && path[end - 1] !== "/") {
          next[end] = 1;
        }
      }
    } else {
      for (let end = 1; end <= path.length; end++) {
        const isSame = pattern[at] === "?" ? path[end - 1] !== "/" : pattern[at] === path[end - 1];
        if (matched[end - 1] === 1 && isSame) next[end] = 1;
      }
    }
    matched = next;
  }
  return matched[path.length] === 1;
}
