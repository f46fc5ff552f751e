/** What is thrown where nobody handles it: told on standard error, and the task goes on. */
import { encode, write } from "capsule:host/operations@1.0.0";
import { uncaught } from "./failure.ts";
import { Operation } from "../operations.ts";

const ERROR = 2;

// A program may replace what it likes: the engine keeps what it needs.
const { parse, stringify } = JSON;

/** Tells it with its stack. Never throws. */
export function tellUncaught(thrown: unknown, where = ""): void {
  const { text, stack } = uncaught(thrown);
  const lines = stack === "" ? "" : `\n${inOwnLines(stack)}`;
  write(ERROR, encode(`Uncaught ${where}${text}${lines}\n`));
}

/** A stack in the user's own files and lines, which only the host knows. */
export function inOwnLines(stack: string): string {
  return parse(new Operation("explain", stringify(stack)).wait().json);
}

/** Calls back; what it throws reaches nobody who could handle it. */
export function contained(callback: () => void): void {
  try {
    callback();
  } catch (thrown) {
    tellUncaught(thrown);
  }
}
