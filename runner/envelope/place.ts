/** Where a program is wrong, read from what is said of that: names in it may be the program's own inventions. */

/** A place in a program. */
export interface Place {
  file: string;
  line: number;
  column?: number;
}

const PLACE = String.raw`([^\s:"()]{1,1000}\.\w{1,10}):(\d{1,9}):(\d{1,9})`;
/** `main.ts:3:7: …`, with which a message begins that Capsule has written, or on a line of its own, as esbuild writes it. */
const LEADING = new RegExp(String.raw`^${PLACE}: |\n {4}${PLACE}:\n`);
/** `main.ts:3:7: …`, also in a frame of a stack. */
const WITH_COLUMN = new RegExp(String.raw`(?:^|[\s("])${PLACE}`, "gm");
/** `File "main.py", line 3`, of which the last is the innermost. */
const IN_PYTHON = /File "([^"\n]{1,1000})", line (\d{1,9})/g;
/** `invalid syntax (main.py, line 3)`. */
const OF_SYNTAX = /\(([^\s()]{1,1000}\.py), line (\d{1,9})\)/g;
/** A message is clipped, and what is behind is no place. */
const CHARACTERS_AT_MOST = 20_000;

/** The place that a message of Capsule's own names. What it quotes of the program is none. */
export function placeOf(message: string): Place | undefined {
  const [, ...parts] = message.slice(0, CHARACTERS_AT_MOST).match(LEADING) ?? [];
  const [file, line, column] = parts.filter((part) => part !== undefined);
  return file === undefined ? undefined : { file, line: Number(line), column: Number(column) };
}

/**
 * The place at which a program failed, in one of its own files.
 *
 * @param names Of these, as stacks show them.
 */
export function failedAt(
  { message, stack }: { message: string; stack?: string | undefined },
  names: ReadonlySet<string>,
): Place | undefined {
  const text = message.slice(0, CHARACTERS_AT_MOST);
  const frames = (stack ?? "").slice(0, CHARACTERS_AT_MOST);
  const leading = placeOf(text);
  if (leading && names.has(leading.file)) return leading;
  const first = (where: string) => placesIn(where, WITH_COLUMN, names)[0];
  const inPython = [OF_SYNTAX, IN_PYTHON].map((pattern) =>
    placesIn(`${text}\n${frames}`, pattern, names).at(-1)
  );
  return first(frames) ?? inPython.find((place) => place !== undefined) ?? first(text);
}

function placesIn(text: string, pattern: RegExp, names: ReadonlySet<string>): Place[] {
  return Array.from(text.matchAll(pattern)).filter(([, file]) => names.has(file!)).map(
    ([, file, line, column]) => ({
      file: file!,
      line: Number(line),
      ...(column !== undefined && { column: Number(column) }),
    }),
  );
}
