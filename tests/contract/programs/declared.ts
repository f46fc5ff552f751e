/** A task that declares a folder. The twin of declared.py. */
import { readFileSync } from "node:fs";
import { task } from "@capsule/sdk";

export const main = task(
  { name: "main", allowedFiles: [{ path: "data", mode: "read-only" }] },
  (path: string) => readFileSync(path, "utf8"),
);
