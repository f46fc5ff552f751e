/** An import statement: `from .a import b, c` is level 1, module `a`, names `b` and `c`. */
export interface PythonImport {
  /** The number of dots. */
  level: number;
  module: string;
  names: string[];
}

/**
 * The import statements of Python source, wherever they stand: in functions and branches too.
 *
 * It reads tokens, not grammar: enough to know what a module may want. Broken source gives what can be
 * read of it.
 */
export function importsOf(source: string): PythonImport[] {
  const found: PythonImport[] = [];
  for (const statement of statements(source)) {
    const plain = statement.match(/^import\s+(.+)$/);
    if (plain) {
      for (const module of plain[1]!.split(",")) {
        const name = firstWord(module);
        if (NAME.test(name)) found.push({ level: 0, module: name, names: [] });
      }
    }
    const from = statement.match(/^from\s*([.\s]*)([\w.]*)\s*\bimport\b\s*\(?([^)]*)\)?$/);
    if (from && from[1]!.trim() + from[2] !== "") {
      const names = from[3]!.split(",").map(firstWord).filter((name) => /^\w+$/.test(name));
      found.push({ level: from[1]!.replaceAll(/\s/g, "").length, module: from[2]!, names });
    }
  }
  return found;
}

const NAME = /^\w+(\.\w+)*$/;

function firstWord(text: string): string {
  return text.trim().split(/\s/, 1)[0]!;
}

/** Simple statements, without strings and comments, with continued lines joined. */
function* statements(source: string): Generator<string> {
  let statement = "";
  let depth = 0;
  TOKEN.lastIndex = 0;
  for (let match; (match = TOKEN.exec(source));) {
    const [token] = match;
    if (token === "\n" || token === ";" || token === ":") {
      if (depth > 0) {
        statement += " ";
      } else {
        yield statement.trim();
        statement = "";
      }
    } else if (token.startsWith("#") || token.startsWith("\\")) {
      statement += " ";
    } else if (isString(token)) {
      statement += '""';
    } else {
      if ("([{".includes(token)) depth++;
      if (")]}".includes(token)) depth = Math.max(0, depth - 1);
      statement += token;
    }
  }
  yield statement.trim();
}

function isString(token: string): boolean {
  return /^[A-Za-z]{0,2}["']/.test(token);
}

const TOKEN = new RegExp(
  [
    // A string in three quotes may span lines; one in single quotes ends with its line.
    String.raw`[A-Za-z]{0,2}"""(?:[^\\]|\\[^])*?(?:"""|$(?![^]))`,
    String.raw`[A-Za-z]{0,2}'''(?:[^\\]|\\[^])*?(?:'''|$(?![^]))`,
    String.raw`[A-Za-z]{0,2}"(?:[^"\\\n]|\\[^])*"?`,
    String.raw`[A-Za-z]{0,2}'(?:[^'\\\n]|\\[^])*'?`,
    String.raw`#[^\n]*`,
    String.raw`\\\r?\n`,
    String.raw`[\w]+`,
    String.raw`\r?\n`,
    String.raw`[^]`,
  ].join("|"),
  "g",
);
