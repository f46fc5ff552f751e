/**
 * Answers a request.
 *
 * Fails: a sandbox serves no connections.
 */
import { task } from "@capsule/sdk";
import express from "express";

export const main = task({ name: "main" }, async () => {
  const app = express();
  app.get("/", (_request, response) => response.send("hello"));
  await new Promise((resolve) => app.listen(0, resolve));
});
