/** Parses anchors and multi-line text, and keeps comments. */
import { task } from "@capsule/sdk";
import { parse, parseDocument, stringify } from "yaml";
import { equal, throws } from "../expect.ts";

export const main = task({ name: "main" }, async () => {
  const text = "base: &base {a: 1}\nother: *base\ntext: |\n  one\n  two\n";
  equal(parse(text), { base: { a: 1 }, other: { a: 1 }, text: "one\ntwo\n" });
  const document = parseDocument("# of note\na: 1\n");
  document.set("b", [true, null]);
  equal(document.toString(), "# of note\na: 1\nb:\n  - true\n  - null\n");
  equal(parse(stringify({ x: "yes", n: 1e21 })), { x: "yes", n: 1e21 });
  await throws(() => parse("a: [1"), /line 1/);
});
