/** Parses a command line with types and defaults. */
import { task } from "@capsule/sdk";
import yargs from "yargs";
import { equal } from "../expect.ts";

export const main = task({ name: "main" }, () => {
  const argv = yargs(["run", "--n=3", "--list", "a", "b", "-v"])
    .option("n", { type: "number" })
    .option("list", { type: "array" })
    .option("verbose", { alias: "v", type: "boolean" })
    .parseSync();
  equal([argv._, argv.n, argv.list, argv.verbose], [["run"], 3, ["a", "b"], true]);
});
