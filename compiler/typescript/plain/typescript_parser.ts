/** Parsers of JavaScript and of TypeScript: loaded only by a process that is given a program as text. */
import * as acorn from "acorn";
import { tsPlugin } from "@sveltejs/acorn-typescript";
import { NotPlain } from "./syntax.ts";

/**
 * How often a token may be read for each character of a text, and besides. The parser of TypeScript tries what a bracket
 * may begin, and begins anew if it was something else: a hundred characters can keep it busy for hours.
 */
const READS_BY_CHARACTER = 1;
const READS_BESIDES = 200;

class TypeScript extends acorn.Parser.extend(tsPlugin() as never) {
  #reads: number;

  constructor(options: acorn.Options, text: string) {
    super(options, text);
    this.#reads = text.length * READS_BY_CHARACTER + READS_BESIDES;
  }

  /** Of acorn's: each token is read by it, again as well. */
  nextToken(): void {
    if (this.#reads-- <= 0) throw new NotPlain();
    // @ts-expect-error acorn's types tell only of what programs shall call.
    super.nextToken();
  }
}

/** What QuickJS has all of. */
const OPTIONS = { ecmaVersion: 2024, sourceType: "module", preserveParens: true } as const;

/**
 * @throws {SyntaxError}
 * @throws {NotPlain} for what takes too many tries.
 */
export function parseTypeScript(text: string): acorn.Program {
  return new TypeScript({ ...OPTIONS, locations: true }, text).parse();
}

/** @throws {SyntaxError} for what is newer, too. */
export function parseJavaScript(text: string): acorn.Program {
  return acorn.parse(text, OPTIONS);
}
