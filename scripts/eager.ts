/**
 * Has V8 compile the functions of a module when it compiles the module: what Deno keeps of a module for its next start is
 * what was compiled then, and all else is compiled anew at each start, when it is called. V8 does so with functions in
 * parentheses, which it takes for those that are called at once. Methods of classes cannot be put into any.
 */
import { parse } from "acorn";

/** A node of a syntax tree, in the shape of ESTree. */
interface Syntax {
  type: string;
  start: number;
  end: number;
  [member: string]: unknown;
}

/** Returns the text of a module with all functions in parentheses, which means the same. */
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
        // A method begins at its parenthesis: nothing can be put around it.
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
      // Behind its brace.
      (child) =>
        child === node.body && isBlock(child) ? withFunctionsFirst(child, 1) : textOf(child),
    );
  }

  /** Declarations of functions as variables, which have their values before all else of a block is run. */
  function withFunctionsFirst(block: Syntax, offset: number): string {
    const declared = (block.body as Syntax[]).filter(({ type }) => type === "FunctionDeclaration");
    const variables = declared.map((node) => `${(node.id as Syntax).name}=(${functionText(node)})`);
    const rest = withChildren(block, (child) => declared.includes(child) ? "" : textOf(child));
    if (variables.length === 0) return rest;
    return `${rest.slice(0, offset)}var ${variables.join(",")};${rest.slice(offset)}`;
  }

  /** The text of a node, of whose children a function gives the texts. */
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

/** In the order of the text. Of two at one place, as the name and the value of `{ a }` are, the first. */
function childrenOf(node: Syntax): Syntax[] {
  const children = Object.values(node).flat().filter(isSyntax)
    .toSorted((a, b) => a.start - b.start || b.end - a.end);
  return children.filter(({ start }, index) => index === 0 || start >= children[index - 1]!.end);
}

function isSyntax(value: unknown): value is Syntax {
  return typeof value === "object" && value !== null && "type" in value && "start" in value;
}
