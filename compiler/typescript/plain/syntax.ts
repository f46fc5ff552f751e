/** What is done with a syntax tree and the text that it was read from, whoever reads it. */

/** A program is not one that can be made without esbuild. */
export class NotPlain extends Error {}

/** The nodes that a node is made of. */
export function childrenOf<Node extends { type: string }>(node: Node): Node[] {
  const values: unknown[] = Object.values(node).flat();
  const isNode = (value: unknown): value is Node =>
    typeof (value as Node | null | undefined)?.type === "string";
  return values.filter(isNode);
}

/** A part of a text that becomes spaces. */
export interface Edit {
  start: number;
  end: number;
  /** What stands at the start instead. */
  text?: string;
}

/** The text with spaces in the place of some parts, in any order, of which one may hold others: no line and no column moves. */
export function edited(text: string, edits: Edit[]): string {
  let result = "";
  let done = 0;
  for (const { start, end, text: instead = "" } of edits.toSorted((a, b) => a.start - b.start)) {
    if (end <= done) continue;
    const from = Math.max(start, done);
    const spaces = text.slice(from + instead.length, end).replace(/[^\r\n]/g, " ");
    result += text.slice(done, from) + instead + spaces;
    done = end;
  }
  return result + text.slice(done);
}
