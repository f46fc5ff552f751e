/** Where a program is wrong, read from what is said of that. */

/** A place in a program. */
export interface Place {
  file: string;
  line: number;
  column?: number;
}

/** `main.ts:3:7: …`, also in a frame of a stack. */
const WITH_COLUMN = /(?:^|[\s("])([^\s:"()]{1,1000}\.\w{1,10}):(\d{1,9}):(\d{1,9})/m;
/** `File "main.py", line 3`, of which the last is the innermost. */
const IN_PYTHON = /File "([^"\n]{1,1000})", line (\d{1,9})/g;
/** `invalid syntax (main.py, line 3)`. */
const OF_SYNTAX = /\(([^\s()]{1,1000}\.py), line (\d{1,9})\)/;
/** A message is clipped, and what is behind is no place. */
const CHARACTERS_AT_MOST = 20_000;

/** The place that a message names. */
export function placeOf(message: string): Place | undefined {
  const text = message.slice(0, CHARACTERS_AT_MOST);
  const found = text.match(WITH_COLUMN);
  if (found) return { file: found[1]!, line: Number(found[2]), column: Number(found[3]) };
  const [, file, line] = text.match(OF_SYNTAX) ?? Array.from(text.matchAll(IN_PYTHON)).at(-1) ?? [];
  return file === undefined ? undefined : { file, line: Number(line) };
}
