/** Finds files of a folder that the task was granted. */
import { mkdirSync, writeFileSync } from "node:fs";
import { task } from "@capsule/sdk";
import { glob, globSync } from "glob";
import { equal } from "../expect.ts";

export const main = task({ name: "main", allowedFiles: ["./data"] }, async () => {
  mkdirSync("data/glob/deep", { recursive: true });
  for (const name of ["a.txt", "b.md", "deep/c.txt"]) writeFileSync(`data/glob/${name}`, "x");
  equal((await glob("**/*.txt", { cwd: "data/glob" })).sort(), ["a.txt", "deep/c.txt"]);
  equal(globSync("*.md", { cwd: "data/glob" }), ["b.md"]);
});
