/** Parses variables with quotes and comments. */
import { task } from "@capsule/sdk";
import dotenv from "dotenv";
import { equal } from "../expect.ts";

export const main = task({ name: "main" }, () => {
  equal(dotenv.parse("A=1\n# no\nB=\"two\\nlines\" # yes\nexport C='$A'\n"), {
    A: "1",
    B: "two\nlines",
    C: "$A",
  });
});
