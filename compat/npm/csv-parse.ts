/** Parses CSV at once and as a stream. */
import { task } from "@capsule/sdk";
import { parse } from "csv-parse";
import { parse as parseSync } from "csv-parse/sync";
import { equal } from "../expect.ts";

export const main = task({ name: "main" }, async () => {
  const text = 'id,name\n1,"Ada, Countess"\n2,Grace\n';
  equal(parseSync(text, { columns: true, cast: true }), [
    { id: 1, name: "Ada, Countess" },
    { id: 2, name: "Grace" },
  ]);
  const rows: unknown[] = [];
  const parser = parse({ from_line: 2 });
  parser.write(text);
  parser.end();
  for await (const row of parser) rows.push(row);
  equal(rows, [["1", "Ada, Countess"], ["2", "Grace"]]);
});
