/** Parses CSV with a header and quotes, and writes some. */
import { task } from "@capsule/sdk";
import Papa from "papaparse";
import { equal } from "../expect.ts";

export const main = task({ name: "main" }, () => {
  const text = 'name;price\n"Tea; green";2.5\n"He said ""hi""";3\n';
  const { data, meta, errors } = Papa.parse(text, {
    header: true,
    dynamicTyping: true,
    skipEmptyLines: true,
  });
  equal(data, [{ name: "Tea; green", price: 2.5 }, { name: 'He said "hi"', price: 3 }]);
  equal([meta.delimiter, errors], [";", []]);
  equal(Papa.unparse([{ a: 1, b: "x,y" }]), 'a,b\r\n1,"x,y"');
});
