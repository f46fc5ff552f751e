import { PythonScanner } from "./python_scanner.ts";

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
  if (!source.includes("import")) return;
  const scanner = new PythonScanner(source);
  let isStart = true;
  while (scanner.next()) {
    if (isStart && scanner.kind === "word") {
      const { line, column } = scanner;
      if (scanner.word === "import") yield* plainImports(scanner, { line, column });
      else if (scanner.word === "from") yield* fromImport(scanner, { line, column });
    }
    // A statement begins on a line, and behind a semicolon or a colon, unless a bracket is open.
    isStart = endsStatement(scanner);
  }
}

/** `import a, b.c as d`: stops at the token behind. */
function* plainImports(
  scanner: PythonScanner,
  place: { line: number; column: number },
): Generator<PythonImport> {
  do {
    scanner.next();
    const module = dottedName(scanner);
    if (module !== "") yield { level: 0, module, names: [], ...place };
    skipAlias(scanner);
  } while (scanner.is(","));
  skipStatement(scanner);
}

/** `from ..a import (b, c as d)`: stops at the token behind. */
function* fromImport(
  scanner: PythonScanner,
  place: { line: number; column: number },
): Generator<PythonImport> {
  let level = 0;
  for (scanner.next(); scanner.is("."); scanner.next()) level++;
  const module = scanner.kind === "word" && scanner.word === "import" ? "" : dottedName(scanner);
  if (level === 0 && module === "") return skipStatement(scanner);
  if (scanner.kind !== "word" || scanner.word !== "import") return skipStatement(scanner);
  const names: string[] = [];
  do {
    scanner.next();
    if (scanner.is("(")) scanner.next();
    if (isName(scanner)) {
      names.push(scanner.word);
      scanner.next();
    }
    skipAlias(scanner);
  } while (scanner.is(","));
  yield { level, module, names, ...place };
  skipStatement(scanner);
}

/** `a.b.c`, as parts; empty if there is no name. */
function dottedName(scanner: PythonScanner): string {
  const parts: string[] = [];
  while (isName(scanner)) {
    parts.push(scanner.word);
    scanner.next();
    if (!scanner.is(".")) return parts.join(".");
    scanner.next();
  }
  return "";
}

function skipAlias(scanner: PythonScanner): void {
  if (scanner.kind !== "word" || scanner.word !== "as") return;
  scanner.next();
  if (isName(scanner)) scanner.next();
}

function skipStatement(scanner: PythonScanner): void {
  while (!endsStatement(scanner) && scanner.next());
}

function endsStatement(scanner: PythonScanner): boolean {
  if (scanner.kind === "end") return true;
  if (scanner.depth > 0) return false;
  return scanner.kind === "line" || scanner.is(";") || scanner.is(":");
}

function isName(scanner: PythonScanner): boolean {
  return scanner.kind === "word" && !scanner.isNumber;
}
