/**
 * Its own fetch and request over HTTP.
 *
 * Fails: it sends by sockets of its own (node:net); the global fetch does not.
 */
import { task } from "@capsule/sdk";
import { fetch, request } from "undici";
import { equal } from "../expect.ts";

export const main = task({ name: "main", allowedHosts: ["localhost"] }, async (base: string) => {
  equal(await (await fetch(`${base}/json`)).json(), { items: [1, 2, 3], name: "ü" });
  const { statusCode, body } = await request(`${base}/text`);
  equal([statusCode, await body.text()], [200, "hello"]);
});
