/**
 * Which files of a Rust crate use which, as their paths say: `use crate::…`, `use super::…`, `child::…`.
 *
 * A path leads to the file that defines its item. A `mod.rs` that only declares and re-exports is looked through.
 * Tests inside of files are left out.
 */
import { ROOT } from "../support/support.ts";

/** A module: its file, and what that says. */
interface Module {
  file: string;
  path: string[];
  source: string;
  children: string[];
  /** The paths of its `use` declarations, one for each name. */
  uses: { path: string[]; name: string }[];
}

/** The files of a crate, each with the files that it uses. */
export function rustImports(files: readonly string[], root: string): Map<string, Set<string>> {
  const modules = new Map<string, Module>();
  for (const file of files) {
    if (!file.endsWith(".rs") || /(?:^|\/)(?:tests|main)\.rs$/.test(file)) continue;
    const module = read(file, root);
    modules.set(module.path.join("::"), module);
  }
  const imports = new Map<string, Set<string>>();
  for (const module of modules.values()) {
    const used = isFace(module) ? [] : usedPaths(module, modules);
    const found = used.flatMap((path) => resolve(path, modules));
    imports.set(module.file, new Set(found.filter((file) => file !== module.file)));
  }
  return imports;
}

/** The inherent implementations in a file of types that another file defines. */
export function foreignImplementations(file: string): string[] {
  const source = plain(Deno.readTextFileSync(ROOT + file));
  const implemented = Array.from(source.matchAll(/^impl(?:<[^>]*>)? (\w+)[^\n]*\{$/gm))
    .filter(([line]) => !line.includes(" for "))
    .map(([, type]) => type!);
  return implemented.filter((type) => !defines(source, type));
}

function read(file: string, root: string): Module {
  const source = plain(Deno.readTextFileSync(ROOT + file));
  const path = file.slice(root.length + 1, -".rs".length).split("/");
  if (["mod", "lib"].includes(path.at(-1)!)) path.pop();
  const children = Array.from(source.matchAll(/^(?:pub )?mod (\w+);/gm), ([, name]) => name!);
  const trees = source.matchAll(/^(?:pub(?:\([^)]*\))? )?use ([^;]+);/gm);
  const uses = Array.from(trees).flatMap(([, tree]) => flatten(tree!.replaceAll(/\s+/g, " ")));
  return { file, path, source, children, uses };
}

/** The code alone: no comments, and no tests. */
function plain(source: string): string {
  return source.replace(/^#\[cfg\(test\)\]\n(?:#\[[^\n]*\n)*(?:pub )?mod \w+ \{[^]*/m, "")
    .replaceAll(/#\[cfg\(test\)\]\n(?:#\[[^\n]*\n)*[^\n]*;\n/g, "")
    .replaceAll(/^\s*\/\/.*$/gm, "");
}

/** `a::{b, c::d as e}` as `a::b` and `a::c::d`, which is called `e`. */
function flatten(tree: string): { path: string[]; name: string }[] {
  const brace = tree.indexOf("{");
  if (brace < 0) {
    const [path, alias] = tree.trim().split(" as ");
    const parts = path!.split("::");
    if (parts.at(-1) === "self") parts.pop();
    return [{ path: parts, name: alias ?? parts.at(-1)! }];
  }
  const before = tree.slice(0, brace).trim().split("::").filter((part) => part !== "");
  return branches(tree.slice(brace + 1, tree.lastIndexOf("}"))).flatMap(flatten)
    .map(({ path, name }) => ({ path: [...before, ...path], name: name ?? before.at(-1)! }));
}

function branches(text: string): string[] {
  const found = [""];
  let depth = 0;
  for (const character of text) {
    depth += character === "{" ? 1 : character === "}" ? -1 : 0;
    if (character === "," && depth === 0) found.push("");
    else found[found.length - 1] += character;
  }
  return found.filter((branch) => branch.trim() !== "");
}

/** Whether it only declares modules and re-exports what is in them. */
function isFace({ source }: Module): boolean {
  const rest = source.replaceAll(/^(?:pub(?:\([^)]*\))? )?(?:mod \w+|use [^;]+);/gm, "");
  return rest.replaceAll(/^#!?\[[^\n]*\]$/gm, "").trim() === "";
}

/** All paths into the crate that a module has, from its root. */
function usedPaths(module: Module, modules: Map<string, Module>): string[][] {
  const { path, children, source } = module;
  const absolute = (parts: string[]): string[] | undefined => {
    const [first, ...rest] = parts;
    if (first === "crate") return rest;
    if (first === "super") return absolute(["crate", ...path.slice(0, -1), ...rest]);
    if (first === "self") return [...path, ...rest];
    return children.includes(first!) ? [...path, ...parts] : undefined;
  };
  const found: string[][] = [];
  const names = new Map(children.map((child) => [child, [...path, child]]));
  for (const { path: used, name } of module.uses) {
    const at = absolute(used);
    if (at === undefined) continue;
    // What is used of a module says its name, further below.
    if (modules.has(at.join("::"))) names.set(name, at);
    else found.push(at);
  }
  const body = source.replaceAll(/^(?:pub(?:\([^)]*\))? )?use [^;]+;/gm, "");
  for (const [text] of body.matchAll(/(?<![\w:])[a-z_]+(?:::\w+)+/g)) {
    const [first, ...rest] = text.split("::");
    const start = names.get(first!) ?? absolute([first!]);
    if (start !== undefined) found.push([...start, ...rest]);
  }
  return found;
}

/** The files that define what a path names. */
function resolve(path: string[], modules: Map<string, Module>): string[] {
  let module = modules.get("")!;
  for (const [index, part] of path.entries()) {
    const child = modules.get(path.slice(0, index + 1).join("::"));
    if (child !== undefined) {
      module = child;
      continue;
    }
    const from = module;
    const named = from.uses.filter(({ path: [first], name }) =>
      first !== "crate" && first !== "super" && from.children.includes(first!) &&
      (name === part || name === "*")
    );
    const targets = named.flatMap(({ path: used, name }) =>
      resolve([...from.path, ...used.slice(0, -1), name === "*" ? part : used.at(-1)!], modules)
    );
    if (targets.length === 0 || defines(from.source, part)) return [from.file];
    return targets.filter((file) =>
      targets.length === 1 ||
      defines([...modules.values()].find((m) => m.file === file)!.source, part)
    );
  }
  return [module.file];
}

function defines(source: string, name: string): boolean {
  return new RegExp(`\\b(?:fn|struct|enum|union|trait|const|static|type|mod) ${name}\\b`).test(
    source,
  );
}
