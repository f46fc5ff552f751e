/** Forgets what was used least, and what is too old. */
import { task } from "@capsule/sdk";
import { LRUCache } from "lru-cache";
import { equal } from "../expect.ts";

export const main = task({ name: "main" }, async () => {
  const cache = new LRUCache<string, number>({ max: 2 });
  cache.set("a", 1).set("b", 2);
  cache.get("a");
  cache.set("c", 3);
  equal([...cache.keys()], ["c", "a"]);
  cache.set("d", 4, { ttl: 5 });
  await new Promise((resolve) => setTimeout(resolve, 20));
  equal(cache.get("d") ?? null, null);
});
