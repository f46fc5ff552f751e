/** Parses JavaScript to a tree. */
import { task } from "@capsule/sdk";
import { parse, tokenizer } from "acorn";
import { equal, throws } from "../expect.ts";

export const main = task({ name: "main" }, async () => {
  const tree = parse("export const f = async (x) => await x ?? 1;", {
    ecmaVersion: "latest",
    sourceType: "module",
  });
  equal([tree.type, tree.body[0]?.type], ["Program", "ExportNamedDeclaration"]);
  equal([...tokenizer("a + 1", { ecmaVersion: 2020 })].length, 3);
  await throws(() => parse("let 1", { ecmaVersion: 2020 }), /\(1:4\)/);
});
