import { PythonScanner } from "./scanner.ts";

/** An import statement: `from .a import b, c` is level 1, module `a`, names `b` and `c`. */
export interface PythonImport {
  /** The number of dots. */
  level: number;
  module: string;
  names: string[];
  /** Where the statement begins, both from 1. */
  line: number;
  column: number;
}

/**
 * The import statements of Python source, wherever they stand: in functions and branches too.
 *
 * It reads tokens, not grammar: enough to know what a module may want. Broken source gives what can be
 * read of it. The time it takes grows with the length of the source and with nothing else.
 */
export function* importsOf(source: string): Generator<PythonImport> {
  for (const found of importsIn(source)) if (found !== undefined) yield found;
}

/** The same, with pauses in long stretches without an import: nothing is found there. */
export function* importsIn(source: string): Generator<PythonImport | undefined> {
  if (!source.includes("import")) return;
  const scanner = new PythonScanner(source);
  let isStart = true;
  for (let tokens = 1; scanner.next(); tokens++) {
    if (tokens % TOKENS_AT_ONCE === 0) yield undefined;
    if (isStart && scanner.kind === "word") {
      const { line, column } = scanner;
      if (scanner.word === "import") yield* plainImports(scanner, { line, column });
      else if (scanner.word === "from") yield* fromImport(scanner, { line, column });
    }
    // A statement begins on a line, and behind a semicolon or a colon, unless a bracket is open.
    isStart = endsStatement(scanner);
  }
}

/** `import a, b.c as d`: stops at the token behind, or where it is broken. */
function* plainImports(
  scanner: PythonScanner,
  place: { line: number; column: number },
): Generator<PythonImport> {
  do {
    scanner.next();
    const module = dottedName(scanner);
    if (module === "") return;
    yield { level: 0, module, names: [], ...place };
    skipAlias(scanner);
  } while (scanner.is(","));
}

/** `from ..a import (b, c as d)`: stops at the token behind, or where it is broken. Very many names are several. */
function* fromImport(
  scanner: PythonScanner,
  place: { line: number; column: number },
): Generator<PythonImport> {
  let level = 0;
  for (scanner.next(); scanner.is("."); scanner.next()) if (++level > PARTS_AT_MOST) return;
  const module = scanner.kind === "word" && scanner.word === "import" ? "" : dottedName(scanner);
  if (level === 0 && module === "") return;
  if (scanner.kind !== "word" || scanner.word !== "import") return;
  let names: string[] = [];
  do {
    scanner.next();
    if (scanner.is("(")) scanner.next();
    if (!isName(scanner)) break;
    names.push(scanner.word);
    scanner.next();
    skipAlias(scanner);
    if (names.length === NAMES_AT_ONCE) {
      yield { level, module, names, ...place };
      names = [];
    }
  } while (scanner.is(","));
  yield { level, module, names, ...place };
}

/** `a.b.c`, as parts; empty if there is no name, or none that a file can have. */
function dottedName(scanner: PythonScanner): string {
  const parts: string[] = [];
  while (isName(scanner)) {
    parts.push(scanner.word);
    scanner.next();
    if (!scanner.is(".")) return parts.join(".");
    if (parts.length > PARTS_AT_MOST) break;
    scanner.next();
  }
  return "";
}

function skipAlias(scanner: PythonScanner): void {
  if (scanner.kind !== "word" || scanner.word !== "as") return;
  scanner.next();
  if (isName(scanner)) scanner.next();
}

function endsStatement(scanner: PythonScanner): boolean {
  if (scanner.kind === "end") return true;
  if (scanner.depth > 0) return false;
  return scanner.kind === "line" || scanner.is(";") || scanner.is(":");
}

function isName(scanner: PythonScanner): boolean {
  return scanner.kind === "word" && !scanner.isNumber;
}

/** A path may be 4096 bytes long, and no package lies deeper. */
const PARTS_AT_MOST = 2048;
const NAMES_AT_ONCE = 1000;
const TOKENS_AT_ONCE = 10_000;
