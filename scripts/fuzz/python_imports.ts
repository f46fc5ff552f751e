/** Damages Python source, and reads its imports. */
import { importsOf } from "../../compiler/python/imports.ts";
import { randomPython } from "../../tests/attacks/imports/python_source.ts";
import type { Random } from "./random.ts";

/** Pieces to repeat: text that takes quadratic time if a scanner looks back. */
const PARTS = [
  "from ",
  "import ",
  " .",
  ".",
  "a.",
  "b,",
  "(",
  "f'{",
  "{x:",
  "'",
  '"""',
  "\\",
  "\\N{",
  "#",
  "\n",
  "\0",
];
const LENGTH_AT_MOST = 256 << 10;

/** The kind for `deno task fuzz`. */
export const pythonImports = {
  cases: 2000,
  caseMs: 1000,
  prepare: () => ({
    try: (random: Random) => readImports(random),
    [Symbol.dispose]: () => {},
  }),
};

/**
 * Reads the imports of damaged or very long source.
 *
 * @throws If the place of an import is not in the source.
 */
export function readImports(random: Random): string {
  const isLong = random.below(4) === 0;
  const source = isLong ? longSource(random) : decoder.decode(damaged(random));
  let found = 0;
  for (const { line, column } of importsOf(source)) {
    found++;
    if (line < 1 || column < 1) throw new Error(`an import at ${line}:${column}`);
  }
  return `${isLong ? "long" : "damaged"} source: ${found === 0 ? "no import" : "imports"}`;
}

function damaged(random: Random): Uint8Array {
  return random.damaged(encoder.encode(randomPython(random)));
}

function longSource(random: Random): string {
  const part = random.of(PARTS) + random.of(PARTS);
  const length = 1 + random.below(LENGTH_AT_MOST / part.length);
  return `${randomPython(random)}\n${random.of(PARTS)}${part.repeat(length)}${
    random.of(PARTS)
  }import`;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();
