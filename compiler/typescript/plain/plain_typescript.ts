/**
 * A program in one text that imports nothing but the SDK and built-in modules, made without esbuild: its types become
 * spaces, its imports constants, and what it exports is declared. Whatever is not plain esbuild has to look at.
 */
import type * as Acorn from "acorn";
import { imported } from "../engine_modules.ts";
import { eraseTypes } from "./erase_types.ts";
import { mapped } from "./line_map.ts";
import { asScript, type Exported } from "../script.ts";
import { childrenOf, type Edit, edited, NotPlain } from "./syntax.ts";

/** A module that the engine has. */
export interface Importable {
  /** What the engine knows it by. */
  module: string;
  /** What it exports. Undefined for one that may export anything. */
  names?: string[];
}

/** A bundle, and the source map that tells each of its lines. */
export interface PlainProgram {
  bundle: string;
  mappings: string;
  rangeMappings: string;
}

let parser: Promise<typeof import("./typescript_parser.ts")> | undefined;

/**
 * Makes a program of a text without esbuild. Undefined for one that is not plain, which the text alone decides: a program
 * is made in the same way each time, as what it does may differ in details.
 */
export async function plainProgram(
  text: string,
  importable: (specifier: string) => Importable | undefined,
): Promise<PlainProgram | undefined> {
  if (isLarge(text) || UNUSUAL.test(text) || !importsOnly(text, importable)) return undefined;
  parser ??= import("./typescript_parser.ts");
  const parsers = await parser;
  try {
    const { javascript, program } = untyped(text, parsers);
    return write(javascript, program, importable);
  } catch {
    // What is wrong with it, esbuild tells.
    return undefined;
  }
}

/** What a text without types has none of. What is in it may mean something else in TypeScript. */
const PERHAPS_TYPED = /<|:\s*[\w$({[]/;

/** The text without types, and its syntax. */
function untyped(
  text: string,
  { parseTypeScript, parseJavaScript }: typeof import("./typescript_parser.ts"),
): { javascript: string; program: Acorn.Program } {
  if (!PERHAPS_TYPED.test(text)) {
    try {
      return { javascript: text, program: parseJavaScript(text) };
    } catch {
      // It is typed otherwise, or wrong.
    }
  }
  const javascript = eraseTypes(text, parseTypeScript(text));
  if (!isWhole(text, javascript)) throw new NotPlain();
  return { javascript, program: parseJavaScript(javascript) };
}

/** What is larger is left to esbuild, which is another process and has limits: the host waits for this. */
const TEXT_AT_MOST = 8192;
const OPENERS_AT_MOST = 500;
const ANGLES_AT_MOST = 60;

function isLarge(text: string): boolean {
  const count = (pattern: RegExp) => text.match(pattern)?.length ?? 0;
  return text.length > TEXT_AT_MOST || count(/[([{`]|=>/g) > OPENERS_AT_MOST ||
    count(/</g) > ANGLES_AT_MOST;
}

/**
 * Lines that end otherwise than a stack counts them, comments that only a script has, as the bundle is run as one, and
 * those by which esbuild leaves out calls.
 */
const UNUSUAL =
  /^\ufeff|^#!|\r(?!\n)|[\u2028\u2029]|<!--|^[^\S\r\n]*-->|__(?:PURE|NO_SIDE_EFFECTS)__/m;
/** What lies between two statements. */
const BETWEEN = /^(?:\s|\/\/[^\n]*|\/\*[^]*?\*\/)*/;
/** What goes on with the line before, if no semicolon is between. */
const CONTINUES = /^[([`+\-*/,.?]/;

/**
 * Whether each statement is still one. A semicolon behind a type goes with it: what follows on another line may then belong
 * to the statement before.
 */
function isWhole(text: string, stripped: string): boolean {
  for (let index = 0; index < text.length; index++) {
    if (text[index] === stripped[index]) continue;
    const start = index;
    let end = index + 1;
    for (; index < text.length && /\s/.test(stripped[index]!); index++) {
      if (text[index] !== stripped[index]) end = index + 1;
    }
    const [between] = stripped.slice(end).match(BETWEEN)!;
    const isLast = /[;\n]/.test(text.slice(start, end) + between);
    if (isLast && CONTINUES.test(stripped.slice(end + between.length))) return false;
  }
  return true;
}

/** Whether a text seems to import nothing else: of most that do, that is seen at once. */
export function importsOnly(text: string, importable: (specifier: string) => unknown): boolean {
  for (let at = text.indexOf("from"); at >= 0; at = text.indexOf("from", at)) {
    const isWord = at === 0 || !/[\w$]/.test(text[at - 1]!);
    at += "from".length;
    let start = at;
    while (start < text.length && text[start]!.trim() === "") start++;
    const quote = text[start];
    if (!isWord || quote !== '"' && quote !== "'") continue;
    const end = text.indexOf(quote, start + 1);
    if (end < 0) continue;
    const specifier = text.slice(start + 1, end);
    if (!specifier.includes("\n") && !importable(specifier)) return false;
  }
  return true;
}

/** Names that mean something to esbuild, or in the function that the bundle becomes. */
const NOT_PLAIN = new Set([
  "arguments",
  "eval",
  "exports",
  "module",
  "require",
  "__dirname",
  "__filename",
]);
/** Names that what stands for imports needs. */
const NEEDED = new Set(["Symbol", "globalThis"]);
/** What a default export is called. As long as `export default`, so that no column moves. */
const DEFAULT = "var default_$=";

function write(
  text: string,
  program: Acorn.Program,
  importable: (specifier: string) => Importable | undefined,
): PlainProgram {
  const { names, changed } = namesOf(program);
  const edits: Edit[] = [];
  const imports: string[] = [];
  const exported: Exported = {};
  for (const node of program.body) {
    switch (node.type) {
      case "ImportDeclaration": {
        // esbuild says what is wrong with an import that changes.
        const isOther = ({ name }: Acorn.Identifier) => changed.has(name) || NEEDED.has(name);
        if (node.specifiers.some(({ local }) => isOther(local))) throw new NotPlain();
        imports.push(...importOf(node, importable(`${node.source.value}`), names));
        edits.push(blank(node));
        break;
      }
      case "ExportNamedDeclaration":
        if (node.source) throw new NotPlain();
        Object.assign(exported, exportedIn(node));
        edits.push(blank(node, node.declaration?.start));
        break;
      case "ExportDefaultDeclaration": {
        const { declaration } = node;
        const isDeclared = declaration.type === "FunctionDeclaration" ||
          declaration.type === "ClassDeclaration";
        if (isDeclared && declaration.id === null || names.has("default_$")) throw new NotPlain();
        exported.default = isDeclared ? declaration.id?.name : "default_$";
        const { start } = declaration;
        // A line that ends in what is replaced would be missing.
        if (!isDeclared && text.slice(node.start, start).includes("\n")) throw new NotPlain();
        edits.push(isDeclared ? blank(node, start) : { ...blank(node, start), text: DEFAULT });
        break;
      }
      case "ExportAllDeclaration":
        throw new NotPlain();
    }
  }
  const body = edited(text, edits);
  const bundle = asScript(`${imports.join("")}\n${body}`, exported);
  return { bundle, ...mapped(body.split("\n")) };
}

/** `main` and `default`, if a declaration or a clause exports them. */
function exportedIn({ declaration, specifiers }: Acorn.ExportNamedDeclaration): Exported {
  const exported: Exported = {};
  if (declaration?.type === "VariableDeclaration") {
    const names = declaration.declarations.flatMap(({ id }) => identifiersOf(id));
    if (names.includes("main")) exported.main = "main";
  } else if (declaration?.id.name === "main") exported.main = "main";
  for (const { local, exported: as } of specifiers) {
    const name = as.type === "Identifier" ? as.name : `${as.value}`;
    if (name !== "main" && name !== "default") continue;
    if (local.type !== "Identifier") throw new NotPlain();
    exported[name] = local.name;
  }
  return exported;
}

/** A statement, or its start, as spaces. It ends the one before, as it did. */
function blank({ start, end }: Acorn.Node, until = end): Edit {
  return { start, end: until, text: ";" };
}

/** What stands for an import. */
function importOf(
  { specifiers }: Acorn.ImportDeclaration,
  importable: Importable | undefined,
  names: Set<string>,
): string[] {
  if (importable === undefined) throw new NotPlain();
  const { module } = importable;
  const source = imported(module);
  return specifiers.flatMap((specifier) => {
    const local = specifier.local.name;
    if (specifier.type !== "ImportSpecifier") {
      // What esbuild makes of a module that exports names, or of one that may be something else.
      throw new NotPlain();
    }
    const original = specifier.imported;
    const name = original.type === "Identifier" ? original.name : `${original.value}`;
    if (name === "default") throw new NotPlain();
    // As a type it is gone: nothing uses it.
    if (!names.has(local)) return [];
    if (importable.names?.includes(name) === false) throw new NotPlain();
    return [`const{${JSON.stringify(name)}:${local}}=${source};`];
  });
}

/** All names of a program besides those in its imports, and which of them it gives other values. */
function namesOf(program: Acorn.Program): { names: Set<string>; changed: Set<string> } {
  const names = new Set<string>();
  const changed = new Set<string>();
  const change = (name: string): void => {
    if (NEEDED.has(name)) throw new NotPlain();
    changed.add(name);
  };
  const visit = (node: Acorn.AnyNode, isInFunction: boolean): void => {
    switch (node.type) {
      case "ImportDeclaration":
        return;
      case "Identifier":
        if (NOT_PLAIN.has(node.name)) throw new NotPlain();
        names.add(node.name);
        return;
      case "ThisExpression":
        // At top level it is undefined in a module.
        if (!isInFunction) throw new NotPlain();
        return;
      // What they do differs by the settings of TypeScript.
      case "PropertyDefinition":
      case "ImportExpression":
        throw new NotPlain();
      case "MetaProperty":
        if (node.meta.name === "import") throw new NotPlain();
        return;
      case "VariableDeclarator":
      case "FunctionDeclaration":
      case "ClassDeclaration":
        if (node.id !== null) identifiersOf(node.id).forEach(change);
        break;
      case "AssignmentExpression":
      case "ForInStatement":
      case "ForOfStatement":
        identifiersOf(node.left).forEach(change);
        break;
      case "UpdateExpression":
        identifiersOf(node.argument).forEach(change);
        break;
    }
    const isFunction = node.type === "FunctionDeclaration" || node.type === "FunctionExpression" ||
      node.type === "StaticBlock";
    for (const child of childrenOf(node)) visit(child, isInFunction || isFunction);
  };
  visit(program, false);
  return { names, changed };
}

/** The names in something that is given a value, and perhaps more. */
function identifiersOf(node: Acorn.AnyNode): string[] {
  if (node.type === "Identifier") return [node.name];
  if (node.type === "MemberExpression") return [];
  return childrenOf(node).flatMap(identifiersOf);
}
