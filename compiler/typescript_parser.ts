/** Parsers of JavaScript and of TypeScript: loaded only by a process that is given many programs as text. */
import * as acorn from "acorn";
import { tsPlugin } from "@sveltejs/acorn-typescript";

const TypeScript = acorn.Parser.extend(tsPlugin() as never);

/** What QuickJS has all of. */
const OPTIONS = { ecmaVersion: 2024, sourceType: "module", preserveParens: true } as const;

/** @throws {SyntaxError} */
export function parseTypeScript(text: string): acorn.Program {
  return TypeScript.parse(text, { ...OPTIONS, locations: true });
}

/** @throws {SyntaxError} for what is newer, too. */
export function parseJavaScript(text: string): acorn.Program {
  return acorn.parse(text, OPTIONS);
}
