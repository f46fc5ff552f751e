/** Parses a command line with options and a command. */
import { task } from "@capsule/sdk";
import { Command } from "commander";
import { equal, includes, throws } from "../expect.ts";

export const main = task({ name: "main" }, async () => {
  const seen: unknown[] = [];
  const program = new Command("tool").exitOverride().configureOutput({ writeErr: () => {} });
  program.command("add <a> [others...]").option("-n, --number <n>", "a number", Number)
    .action((a, others, options) => seen.push(a, others, options));
  program.parse(["add", "x", "y", "-n", "3"], { from: "user" });
  equal(seen, ["x", ["y"], { number: 3 }]);
  includes(program.helpInformation(), "add [options] <a> [others...]");
  await throws(() => program.parse(["add"], { from: "user" }), /missing required argument 'a'/);
});
