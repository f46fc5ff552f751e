/** The source map of a bundle whose lines are where they were. */

/**
 * Where lines and columns of the bundle are in the text: each line is where it was, behind that of the imports. QuickJS
 * counts the bytes of a line in UTF-8, and a source map its units in UTF-16.
 */
export function mapped(lines: string[]): { mappings: string; rangeMappings: string } {
  const mappings = [""];
  const ranges = [""];
  // What stands in a source map are differences to what stood there before, besides the first.
  let line = 0;
  let column = 0;
  for (const [index, text] of lines.entries()) {
    const segments: string[] = [];
    let last = 0;
    for (const [bytes, units] of columnsOf(text)) {
      segments.push([bytes - last, 0, index - line, units - column].map(vlq).join(""));
      [last, line, column] = [bytes, index, units];
    }
    mappings.push(segments.join(","));
    ranges.push(bits(segments.length));
  }
  return { mappings: mappings.join(";"), rangeMappings: ranges.join(";") };
}

/** Columns from which on bytes and units are equally many, until the next of them. */
function columnsOf(line: string): [bytes: number, units: number][] {
  const columns: [number, number][] = [[0, 0]];
  let bytes = 0;
  let end = 0;
  for (const { 0: character, index } of line.matchAll(/[^\0-\x7f]/gu)) {
    bytes += index - end + encoder.encode(character).length;
    end = index + character.length;
    columns.push([bytes, end]);
  }
  return columns;
}

const encoder = new TextEncoder();
const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/** A number as source maps write it: five bits to a digit, of which the first says its sign. */
function vlq(number: number): string {
  let rest = number < 0 ? -number * 2 + 1 : number * 2;
  let digits = "";
  do {
    digits += DIGITS[(rest & 31) + (rest > 31 ? 32 : 0)];
    rest >>= 5;
  } while (rest > 0);
  return digits;
}

/** So many bits that are set, six to a digit: all segments of a line say where what follows them is, too. */
function bits(count: number): string {
  return "/".repeat(Math.floor(count / 6)) + (count % 6 === 0 ? "" : DIGITS[2 ** (count % 6) - 1]);
}
