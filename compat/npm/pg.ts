/** Connects to a database. */
import { task } from "@capsule/sdk";
import pg from "pg";

export const main = task({ name: "main", allowedHosts: ["localhost"] }, async () => {
  await new pg.Client("postgres://localhost/test").connect();
});
