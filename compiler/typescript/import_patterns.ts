/**
 * Imports of which only a part is known, as `import("../locales/" + name)`: they mean any file that fits. esbuild would list
 * folders itself to find those, and cannot; so it refuses them, and such a call becomes one of a function that knows the
 * files.
 */
import { CapsuleError } from "../../errors/error.ts";
import { extname, join, normalize, resolve } from "../../platform/path.ts";
import { clipped, clippedPath } from "../../errors/clipped.ts";
import type { Location, Message } from "./esbuild/service.ts";
import { type ModuleFiles, Outside } from "./resolve/module_files.ts";
import { isLoadable } from "./esbuild/loaders.ts";
import { matchesPattern } from "./resolve/package_json.ts";

/** More than a program has for such an import. */
const FILES_AT_MOST = 2000;
const FOLDERS_AT_MOST = 2000;
/** And than such imports in all have, as each looks through folders anew. */
const PATTERNS_AT_MOST = 1000;
const PATTERN_AT_MOST = 1000;
const LOOKED_AT_AT_MOST = 100_000;
const STEPS_AT_MOST = 10_000_000;
const CHARACTERS_AT_MOST = 8 << 20;

/** What esbuild says of such an import, which has no other sign. */
const START = "Could not resolve ";
const FUNCTIONS = ["import", "require"];
/** And of a folder that it would list for it. */
const FOLDER_START = "Cannot read directory ";

/** An import that esbuild refuses. */
export interface ImportPattern {
  /** `import` or `require`. */
  function: string;
  /** With `*` for a part of a name, and `**` for folders. */
  pattern: string;
  /** Of what is imported. */
  location: Location;
}

/** Those among what is wrong with a program. */
export function patternsIn(errors: Message[]): ImportPattern[] {
  return errors.flatMap(({ text, location, isOurs }) => {
    const name = FUNCTIONS.find((name) => text.startsWith(`${START}${name}("`));
    if (isOurs || name === undefined || location === undefined || !text.endsWith(")")) return [];
    try {
      const pattern: unknown = JSON.parse(text.slice(START.length + name.length + 1, -1));
      return typeof pattern === "string" ? [{ function: name, pattern, location }] : [];
    } catch {
      return [];
    }
  });
}

/** What remains: of a folder that it cannot list, nobody has to know. */
export function withoutFolders(errors: Message[]): Message[] {
  return errors.filter(({ text, location, isOurs }) =>
    isOurs || location !== undefined || !text.startsWith(FOLDER_START)
  );
}

/** What such imports of one program may take, all together. */
export class PatternBudget {
  #patterns = PATTERNS_AT_MOST;
  #lookedAt = LOOKED_AT_AT_MOST;
  #steps = STEPS_AT_MOST;
  #characters = CHARACTERS_AT_MOST;
  /** Names the functions. */
  number = 0;

  /** @throws {CapsuleError} for a program that has more of them, as those below. */
  add(): void {
    if (--this.#patterns < 0) {
      throw refusal(`there are more than ${PATTERNS_AT_MOST} imports of which a part is known`);
    }
    this.number++;
  }

  lookAt(): void {
    if (--this.#lookedAt < 0) throw tooMany(LOOKED_AT_AT_MOST, "files to look at");
  }

  spend(steps: number): void {
    this.#steps -= steps;
    if (this.#steps < 0) throw tooMany(STEPS_AT_MOST, "steps");
  }

  write(characters: number): void {
    this.#characters -= characters;
    if (this.#characters < 0) throw tooMany(CHARACTERS_AT_MOST, "characters of paths");
  }
}

function tooMany(most: number, things: string): CapsuleError {
  return refusal(`the files that it may mean take more than ${most} ${things}`);
}

function refusal(problem: string): CapsuleError {
  return new CapsuleError("invalid_program", problem);
}

export interface Replacing {
  files: ModuleFiles;
  /** Of the text. */
  folder: string;
  /** What a person calls the text. */
  name: string;
  budget: PatternBudget;
}

/**
 * The text with calls of functions in the place of such imports.
 *
 * @throws {CapsuleError} for those that take too much.
 */
export async function replaced(
  text: string,
  patterns: ImportPattern[],
  replacing: Replacing,
): Promise<string> {
  const { files, budget } = replacing;
  const ordered = patterns.toSorted(({ location: a }, { location: b }) =>
    a.line - b.line || a.column - b.column
  );
  const place = new Place(text);
  const parts: string[] = [];
  const functions: string[] = [];
  let done = 0;
  for (const one of ordered) {
    await files.turn();
    const at = place.offsetOf(one.location);
    const start = startOfCall(text, at, one.function);
    // Two that esbuild has at one place are one.
    if ((start ?? at) < done) continue;
    let paths: string[];
    try {
      budget.add();
      paths = start === undefined ? [] : await filesFor(one.pattern, replacing);
    } catch (error) {
      if (!(error instanceof CapsuleError)) throw error;
      const where = `${clippedPath(replacing.name)}:${one.location.line}`;
      const call = `${one.function}("${clipped(one.pattern)}")`;
      throw refusal(`${where}: ${call}: ${error.message}`);
    }
    if (start === undefined) {
      // An array makes it one of which no part is known.
      parts.push(text.slice(done, at), "[]+");
      done = at;
      continue;
    }
    const name = `__capsuleImport${budget.number}`;
    parts.push(text.slice(done, start), name);
    done = start + one.function.length;
    functions.push(functionOf(name, one, paths));
  }
  return [...parts, text.slice(done), ...functions].join("");
}

function functionOf(name: string, one: ImportPattern, paths: string[]): string {
  const members = paths.map((path) =>
    `${JSON.stringify(path)}:()=>${one.function}(${JSON.stringify(path)})`
  );
  const failed = `new Error("Cannot find module "+path)`;
  const otherwise = one.function === "import"
    ? `return Promise.reject(${failed})`
    : `throw ${failed}`;
  return `\nfunction ${name}(path){const all={__proto__:null,${members.join(",")}};` +
    `if(path in all)return all[path]();${otherwise}}\n`;
}

/** Where the name of the function stands, if the import is its first argument. */
function startOfCall(text: string, at: number, name: string): number | undefined {
  let end = endOfText(text, at);
  if (text[end - 1] !== "(") return undefined;
  end = endOfText(text, end - 1);
  const start = end - name.length;
  const isCall = text.slice(start, end) === name && !/[\w$.#]/.test(text[start - 1] ?? "");
  return isCall ? start : undefined;
}

function endOfText(text: string, end: number): number {
  while (end > 0 && text[end - 1]!.trim() === "") end--;
  return end;
}

/** Finds places in a text, one behind the other: esbuild counts lines from 1, as JavaScript ends them, and columns in bytes. */
class Place {
  readonly #text: string;
  #at = 0;
  #line = 1;
  #bytes = 0;

  constructor(text: string) {
    this.#text = text;
  }

  offsetOf({ line, column }: Location): number {
    const text = this.#text;
    for (; this.#line < line && this.#at < text.length; this.#at++) {
      const end = text[this.#at];
      const isEnd = end === "\n" || end === "\u2028" || end === "\u2029" ||
        end === "\r" && text[this.#at + 1] !== "\n";
      if (isEnd) [this.#line, this.#bytes] = [this.#line + 1, 0];
    }
    while (this.#bytes < column && this.#at < text.length) {
      const code = text.codePointAt(this.#at)!;
      this.#bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
      this.#at += code < 0x10000 ? 1 : 2;
    }
    return this.#at;
  }
}

/** The files that a pattern may mean, as it names them. */
async function filesFor(
  pattern: string,
  { files, folder, budget }: Replacing,
): Promise<string[]> {
  if (pattern.length > PATTERN_AT_MOST) {
    throw refusal(`its known part has more than ${PATTERN_AT_MOST} characters`);
  }
  const start = pattern.slice(0, pattern.lastIndexOf("/", pattern.indexOf("*")) + 1);
  const isDeep = pattern.includes("**") || pattern.slice(start.length).includes("/");
  const top = resolve(folder, start);
  const rest = normalize(pattern.slice(start.length));
  const found: string[] = [];
  let folders = 0;
  const visit = async (within: string): Promise<void> => {
    if (++folders > FOLDERS_AT_MOST) return;
    const path = join(top, within);
    files.watchAlways(path);
    for (const name of files.names(path).toSorted()) {
      await files.turn();
      budget.lookAt();
      const inner = within + name;
      const kind = kindOf(files, join(path, name));
      if (kind === "folder" && isDeep && name !== "node_modules") await visit(`${inner}/`);
      if (kind !== "file" || found.length >= FILES_AT_MOST || !isLoadable(extname(name))) continue;
      if (!matchesPattern(rest, inner, (steps) => budget.spend(steps))) continue;
      found.push(start + inner);
      budget.write(2 * (start.length + inner.length));
    }
  };
  if (kindOf(files, top) === "folder") await visit("");
  return found;
}

/** A link to what the program is not given is not there. */
function kindOf(files: ModuleFiles, path: string) {
  try {
    return files.kind(path);
  } catch (error) {
    if (error instanceof Outside) return undefined;
    throw error;
  }
}
