/** The stack of an error as Node has it: under a line that says which error it is, in the user's own files. */
import { clipped } from "../failure/failure.ts";
import { inOwnLines } from "../failure/uncaught.ts";

// Kept before a program can replace them.
const call = Function.prototype.call;
const test = call.bind(RegExp.prototype.test) as (pattern: RegExp, text: string) => boolean;
const trimEnd = call.bind(String.prototype.trimEnd) as (text: string) => string;
const toText = call.bind(Error.prototype.toString) as (error: object) => string;

const CHARACTERS_AT_MOST = 16_000;
const FRAME = /^\s*at /;

/** What the program has put in its place comes back as it is. */
export function stackText(error: { stack?: unknown }): unknown {
  const { stack } = error;
  if (typeof stack !== "string" || stack === "") return stack;
  const lines = trimEnd(inOwnLines(clipped(stack, CHARACTERS_AT_MOST)));
  if (lines === "") return toText(error);
  return test(FRAME, lines) ? `${toText(error)}\n${lines}` : lines;
}
