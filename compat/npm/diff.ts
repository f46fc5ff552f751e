/** Compares words and lines, writes a patch and applies it. */
import { task } from "@capsule/sdk";
import { applyPatch, createPatch, diffWords } from "diff";
import { equal } from "../expect.ts";

export const main = task({ name: "main" }, () => {
  const parts = diffWords("the quick fox", "the slow fox");
  equal(parts.filter(({ added, removed }) => added || removed).map(({ value }) => value), [
    "quick",
    "slow",
  ]);
  const patch = createPatch("f", "a\nb\nc\n", "a\nB\nc\n");
  equal(applyPatch("a\nb\nc\n", patch), "a\nB\nc\n");
});
