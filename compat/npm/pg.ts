/**
 * Connects to a database.
 *
 * Fails: a sandbox opens no sockets, as databases need them.
 */
import { task } from "@capsule/sdk";
import pg from "pg";

export const main = task({ name: "main", allowedHosts: ["localhost"] }, async () => {
  await new pg.Client("postgres://localhost/test").connect();
});
