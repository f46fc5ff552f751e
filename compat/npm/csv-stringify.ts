/** Writes CSV at once and as a stream. */
import { task } from "@capsule/sdk";
import { stringify } from "csv-stringify";
import { stringify as stringifySync } from "csv-stringify/sync";
import { equal } from "../expect.ts";

export const main = task({ name: "main" }, async () => {
  equal(stringifySync([{ a: 1, b: 'x"y' }], { header: true }), 'a,b\n1,"x""y"\n');
  const stringifier = stringify({ delimiter: "\t" });
  stringifier.write(["a", true]);
  stringifier.end(["b", null]);
  let text = "";
  for await (const part of stringifier) text += part;
  equal(text, "a\t1\nb\t\n");
});
