/** Logs of the namespaces that are enabled. */
import { format } from "node:util";
import { task } from "@capsule/sdk";
import createDebug from "debug";
import { equal, includes } from "../expect.ts";

export const main = task({ name: "main" }, () => {
  const lines: string[] = [];
  createDebug.log = (...args: unknown[]) => lines.push(format(...args));
  createDebug.enable("app:*,-app:noise");
  createDebug("app:http")("got %d of %o", 2, { a: 1 });
  createDebug("app:noise")("unseen");
  equal(lines.length, 1);
  includes(lines[0]!, "got 2 of { a: 1 }");
});
