/**
 * Imports of which only a part is known, as `import("./locales/" + name)`: they mean any file that fits. esbuild would list
 * folders itself to find those, and cannot; so it refuses them, and such a call becomes one of a function that knows the
 * files.
 */
import { extname, join, resolve } from "../platform/path.ts";
import type { Location, Message } from "./esbuild_service.ts";
import { type ModuleFiles, Outside } from "./module_files.ts";
import { isLoadable } from "./modules.ts";
import { matchesPattern } from "./package_json.ts";

/** More than a program has for such an import. */
const FILES_AT_MOST = 2000;
const FOLDERS_AT_MOST = 2000;

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

/** The text with a call of a function in the place of such an import. */
export function replaced(
  text: string,
  one: ImportPattern,
  { files, folder, number }: { files: ModuleFiles; folder: string; number: number },
): string {
  const at = offsetOf(text, one.location);
  const name = `__capsuleImport${number}`;
  const start = startOfCall(text, at, one.function);
  // An array makes it one of which no part is known.
  if (start === undefined) return `${text.slice(0, at)}[]+${text.slice(at)}`;
  const call = text.slice(0, start) + name + text.slice(start + one.function.length);
  const members = filesFor(files, folder, one.pattern).map((path) =>
    `${JSON.stringify(path)}:()=>${one.function}(${JSON.stringify(path)})`
  );
  const failed = `new Error("Cannot find module "+path)`;
  const otherwise = one.function === "import"
    ? `return Promise.reject(${failed})`
    : `throw ${failed}`;
  return `${call}\nfunction ${name}(path){const all={__proto__:null,${members.join(",")}};` +
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

/** esbuild counts lines from 1, as JavaScript ends them, and columns in bytes. */
function offsetOf(text: string, { line, column }: Location): number {
  let at = 0;
  for (let left = line - 1; left > 0 && at < text.length; at++) {
    const isEnd = text[at] === "\n" || text[at] === "\u2028" || text[at] === "\u2029" ||
      text[at] === "\r" && text[at + 1] !== "\n";
    if (isEnd) left--;
  }
  for (let bytes = 0; bytes < column && at < text.length;) {
    const code = text.codePointAt(at)!;
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    at += code < 0x10000 ? 1 : 2;
  }
  return at;
}

/** The files that a pattern may mean, as it names them. */
function filesFor(files: ModuleFiles, folder: string, pattern: string): string[] {
  const start = pattern.slice(0, pattern.lastIndexOf("/", pattern.indexOf("*")) + 1);
  const isDeep = pattern.includes("**") || pattern.slice(start.length).includes("/");
  const top = resolve(folder, start);
  const whole = join(folder, pattern);
  const found: string[] = [];
  let folders = 0;
  const visit = (path: string): void => {
    if (++folders > FOLDERS_AT_MOST) return;
    files.watchAlways(path);
    for (const name of files.names(path).toSorted()) {
      const inner = join(path, name);
      const kind = kindOf(files, inner);
      if (kind === "folder" && isDeep && name !== "node_modules") visit(inner);
      if (kind !== "file" || !isLoadable(extname(name)) || !matchesPattern(whole, inner)) continue;
      if (found.length < FILES_AT_MOST) found.push(start + inner.slice(top.length + 1));
    }
  };
  if (kindOf(files, top) === "folder") visit(top);
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
