/** Gets and posts JSON over HTTP. */
import { task } from "@capsule/sdk";
import got from "got";
import { equal, throws } from "../expect.ts";

export const main = task({ name: "main", allowedHosts: ["localhost"] }, async (base: string) => {
  equal(await got(`${base}/json`).json(), { items: [1, 2, 3], name: "ü" });
  const sent = await got.post(`${base}/echo`, { json: { a: 1 } }).json<{ body: string }>();
  equal(sent.body, '{"a":1}');
  await throws(() => got(`${base}/missing`), /404/);
});
