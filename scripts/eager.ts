/**
 * Makes V8 compile functions together with their module. Deno caches only code that V8 compiled at that time; other
 * functions are compiled again at each start. V8 compiles functions in parentheses at once, because it expects them to be
 * called immediately. Methods of classes cannot be put into parentheses.
 */
import { parse } from "acorn";

/** A node of a syntax tree, in the shape of ESTree. */
interface Syntax {
  type: string;
  start: number;
  end: number;
  [member: string]: unknown;
}

/** Puts all functions of a module into parentheses, without changing what it does. */
export function compiledAtOnce(source: string): string {
  const program = parse(source, { ecmaVersion: "latest", sourceType: "module" });
  return textOf(program as unknown as Syntax);

  function textOf(node: Syntax): string {
    switch (node.type) {
      case "Program":
        return withFunctionsFirst(node, 0);
      case "FunctionExpression":
      case "ArrowFunctionExpression":
        return `(${functionText(node)})`;
      case "FunctionDeclaration":
        return functionText(node);
      case "MethodDefinition":
      case "Property": {
        // The function node of a method begins at its parameters, so it cannot be put into parentheses.
        const isMethod = node.method || node.kind !== "init";
        return withChildren(
          node,
          (child) => isMethod && child === node.value ? functionText(child) : textOf(child),
        );
      }
      default:
        return withChildren(node, textOf);
    }
  }

  function functionText(node: Syntax): string {
    return withChildren(
      node,
      // Offset 1: after the opening brace.
      (child) =>
        child === node.body && isBlock(child) ? withFunctionsFirst(child, 1) : textOf(child),
    );
  }

  /** Moves function declarations to the start of a block, as variables, so that they are still hoisted. */
  function withFunctionsFirst(block: Syntax, offset: number): string {
    const declared = (block.body as Syntax[]).filter(({ type }) => type === "FunctionDeclaration");
    const variables = declared.map((node) => `${(node.id as Syntax).name}=(${functionText(node)})`);
    const rest = withChildren(block, (child) => declared.includes(child) ? "" : textOf(child));
    if (variables.length === 0) return rest;
    return `${rest.slice(0, offset)}var ${variables.join(",")};${rest.slice(offset)}`;
  }

  /** The text of a node, with the text of each child replaced. */
  function withChildren(node: Syntax, childText: (child: Syntax) => string): string {
    let text = "";
    let at = node.start;
    for (const child of childrenOf(node)) {
      text += source.slice(at, child.start) + childText(child);
      at = child.end;
    }
    return text + source.slice(at, node.end);
  }
}

function isBlock({ type }: Syntax): boolean {
  return type === "BlockStatement";
}

/** Children in source order. Of two at the same place, such as key and value of `{ a }`, only the first. */
function childrenOf(node: Syntax): Syntax[] {
  const children = Object.values(node).flat().filter(isSyntax)
    .toSorted((a, b) => a.start - b.start || b.end - a.end);
  return children.filter(({ start }, index) => index === 0 || start >= children[index - 1]!.end);
}

function isSyntax(value: unknown): value is Syntax {
  return typeof value === "object" && value !== null && "type" in value && "start" in value;
}
