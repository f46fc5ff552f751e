/**
 * Opens a database in memory.
 *
 * Fails: better-sqlite3 is native code.
 */
import { task } from "@capsule/sdk";
import Database from "better-sqlite3";
import { equal } from "../expect.ts";

export const main = task({ name: "main" }, () => {
  const database = new Database(":memory:");
  equal(database.prepare("SELECT 1 + 1 AS n").get(), { n: 2 });
});
