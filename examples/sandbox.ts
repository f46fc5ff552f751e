/** Evaluates code that nobody has looked at, and returns its value: capsule run examples/sandbox.ts '6 * 7' */
import { task } from "@capsule/sdk";

export const main = task(
  { name: "main", compute: "LOW", ram: "64MB", timeout: "2s" },
  // Evaluated in the global scope: the code sees nothing of this module.
  (code: string) => (0, eval)(code),
);
