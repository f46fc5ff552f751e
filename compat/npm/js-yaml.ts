/** Loads and dumps documents, and says where one is wrong. */
import { task } from "@capsule/sdk";
import * as yaml from "js-yaml";
import { equal, throws } from "../expect.ts";

export const main = task({ name: "main" }, async () => {
  equal(yaml.load("list:\n  - 1\n  - two\nnested: {a: true}\n"), {
    list: [1, "two"],
    nested: { a: true },
  });
  equal(
    yaml.dump({ b: [1, "x: y"], a: null }, { sortKeys: true }),
    "a: null\nb:\n  - 1\n  - 'x: y'\n",
  );
  await throws(() => yaml.load("a: b: c"), /\(1:/);
});
