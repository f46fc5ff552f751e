/** Puts spaces in the place of types, so that no line and no column moves. */
import type * as Acorn from "acorn";
import { childrenOf, type Edit, edited, NotPlain } from "./syntax.ts";

/** What the parser of TypeScript adds to a node. */
interface Typed {
  type: string;
  start: number;
  end: number;
  name?: string;
  optional?: boolean;
  importKind?: string;
  exportKind?: string;
  declaration?: Typed | null;
  expression?: Typed;
  specifiers?: Typed[];
  typeAnnotation?: Typed;
}

/** Statements that are gone when a program runs. */
const DECLARATIONS = new Set(["TSInterfaceDeclaration", "TSTypeAliasDeclaration"]);
/** Parts that are. */
const ANNOTATIONS = new Set([
  "TSTypeAnnotation",
  "TSTypeParameterDeclaration",
  "TSTypeParameterInstantiation",
]);
/** Expressions with something about their type behind them. */
const EXPRESSIONS = new Set(["TSAsExpression", "TSSatisfiesExpression", "TSNonNullExpression"]);
/** What a node says with a word of its own, which would have to be found. */
const MODIFIERS = [
  "abstract",
  "accessibility",
  "declare",
  "decorators",
  "definite",
  "implements",
  "override",
  "readonly",
];

/** Where a statement stands that cannot be left out: the next one would be in its place. */
const BRANCHES = ["consequent", "alternate", "body"];

/**
 * The text without types.
 *
 * @throws {NotPlain} for what is more than a type, and for what this does not know.
 */
export function eraseTypes(text: string, program: Acorn.Program): string {
  const erased: Edit[] = [];
  const erase = ({ start, end }: Edit) => void erased.push({ start, end });
  const visit = (node: Typed): void => {
    const { type } = node;
    if (DECLARATIONS.has(type) || ANNOTATIONS.has(type)) return erase(node);
    if (EXPRESSIONS.has(type)) {
      erase({ start: node.expression!.end, end: node.end });
      return visit(node.expression!);
    }
    if (type.startsWith("TS") || MODIFIERS.some((name) => isSet(node, name))) {
      throw new NotPlain();
    }
    if (type === "ImportDeclaration" || type === "ExportNamedDeclaration") {
      const { declaration, importKind, exportKind } = node;
      const isType = importKind === "type" || exportKind === "type";
      if (isType || declaration && DECLARATIONS.has(declaration.type)) return erase(node);
      node.specifiers!.filter(isTypeOnly).forEach((specifier) =>
        erase({ start: specifier.start, end: behindComma(text, specifier.end) })
      );
    }
    if (type === "Identifier") markOf(text, node).forEach(erase);
    if (BRANCHES.some((branch) => DECLARATIONS.has(branchOf(node, branch)))) {
      throw new NotPlain();
    }
    for (const child of childrenOf(node)) if (!isTypeOnly(child)) visit(child);
  };
  visit(program as unknown as Typed);
  return edited(text, erased);
}

function branchOf(node: Typed, branch: string): string {
  return (node as unknown as Record<string, Typed | undefined>)[branch]?.type ?? "";
}

function isSet(node: Typed, name: string): boolean {
  const value = (node as unknown as Record<string, unknown>)[name];
  return Array.isArray(value) ? value.length > 0 : Boolean(value);
}

/** One of those that are imported or exported. */
function isTypeOnly({ type, importKind, exportKind }: Typed): boolean {
  return type.endsWith("Specifier") && (importKind === "type" || exportKind === "type");
}

function behindComma(text: string, end: number): number {
  return end + (text.slice(end).match(/^\s*,/)?.[0].length ?? 0);
}

/** The question mark of a parameter, if it has one. */
function markOf(text: string, node: Typed): Edit[] {
  const { name, optional, start, end, typeAnnotation } = node;
  if (name === "this") throw new NotPlain();
  if (!optional) return [];
  const mark = { start: start + name!.length, end: typeAnnotation?.start ?? end };
  if (!/^\s*\?\s*$/.test(text.slice(mark.start, mark.end))) throw new NotPlain();
  return [mark];
}
