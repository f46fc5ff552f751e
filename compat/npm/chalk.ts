/** Colours text, or leaves it. */
import { task } from "@capsule/sdk";
import { Chalk } from "chalk";
import { equal } from "../expect.ts";

export const main = task({ name: "main" }, () => {
  const colours = new Chalk({ level: 3 });
  equal(colours.red.bold("x"), "\u001b[31m\u001b[1mx\u001b[22m\u001b[39m");
  equal(colours.hex("#010203")("x"), "\u001b[38;2;1;2;3mx\u001b[39m");
  equal(new Chalk({ level: 0 }).red("x"), "x");
});
