/** Matches paths by patterns. */
import { task } from "@capsule/sdk";
import { minimatch } from "minimatch";
import { equal } from "../expect.ts";

export const main = task({ name: "main" }, () => {
  equal(["src/a.ts", "src/deep/b.tsx", "test/c.js"].filter(minimatch.filter("src/**/*.{ts,tsx}")), [
    "src/a.ts",
    "src/deep/b.tsx",
  ]);
  equal(minimatch("a.js", "!(b).js"), true);
});
