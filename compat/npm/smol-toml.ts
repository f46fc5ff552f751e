/** Parses and writes TOML 1.0. */
import { task } from "@capsule/sdk";
import { parse, stringify } from "smol-toml";
import { equal, throws } from "../expect.ts";

export const main = task({ name: "main" }, async () => {
  equal(parse('a.b = 1\nlist = [1, 2]\n[t]\nx = "é"'), {
    a: { b: 1 },
    list: [1, 2],
    t: { x: "é" },
  });
  equal(stringify({ a: 1, t: { x: [true] } }), "a = 1\n\n[t]\nx = [ true ]\n");
  await throws(() => parse("a = 1\na = 2"), /redefine|already/);
});
