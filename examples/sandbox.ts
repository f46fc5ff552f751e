/** Evaluates untrusted code, and returns its value: capsule run examples/sandbox.ts '6 * 7' */
import { task } from "@capsule/sdk";

export const main = task(
  { name: "main", compute: "LOW", ram: "64MB", timeout: "2s" },
  // An indirect eval runs in the global scope, so the code cannot access this module.
  (code: string) => (0, eval)(code),
);
