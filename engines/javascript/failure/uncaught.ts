/** Reports uncaught errors of callbacks on standard error. The task goes on. */
import { encode, write } from "capsule:host/operations@1.0.0";
import { uncaught } from "./failure.ts";
import { Operation } from "../operations.ts";

const ERROR = 2;

// Kept before a program can replace them.
const { parse, stringify } = JSON;

/** Prints the error with its stack. Never throws. */
export function tellUncaught(thrown: unknown, where = ""): void {
  const { text, stack } = uncaught(thrown);
  const lines = stack === "" ? "" : `\n${inOwnLines(stack)}`;
  write(ERROR, encode(`Uncaught ${where}${text}${lines}\n`));
}

/** A stack with lines of the user's files, which only the host can map. */
export function inOwnLines(stack: string): string {
  return parse(new Operation("explain", stringify(stack)).wait().json);
}

/** Calls back, and reports errors that have no caller to handle them. */
export function contained(callback: () => void): void {
  try {
    callback();
  } catch (thrown) {
    tellUncaught(thrown);
  }
}
