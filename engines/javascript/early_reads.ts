/** Environment variables that top-level code reads, where only tasks have them. */
import { encode, write } from "capsule:host/operations@1.0.0";

const ERROR = 2;

// Kept before a program can replace them.
const { add, has } = Set.prototype;
const call = Function.prototype.call;
const remember = call.bind(add) as (names: Set<string>, name: string) => unknown;
const isIn = call.bind(has) as (names: Set<string>, name: string) => boolean;

const missed = new Set<string>();
let isLoading = true;

/** The environment, which records missing variables that top-level code reads. */
export function watched(variables: Record<string, string>): Record<string, string> {
  return new Proxy(variables, {
    get(target, name) {
      if (isLoading && typeof name === "string" && !(name in target)) remember(missed, name);
      return target[name as string];
    },
  });
}

/** Warns about those that tasks declare, and stops recording. */
export function tellEarlyReads(path: string, declared: string[]): void {
  isLoading = false;
  for (const name of declared) {
    if (!isIn(missed, name)) continue;
    missed.delete(name);
    const warning = `warning: ${path}: top-level code reads the environment variable ${name}, ` +
      "which it does not have: read it inside a task\n";
    write(ERROR, encode(warning));
  }
}
