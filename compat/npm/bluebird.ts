/** Promises with delays, timeouts and maps. */
import { task } from "@capsule/sdk";
import Bluebird from "bluebird";
import { equal, throws } from "../expect.ts";

export const main = task({ name: "main" }, async () => {
  equal(await Bluebird.map([1, 2], (n) => Bluebird.delay(1, n * 2), { concurrency: 1 }), [2, 4]);
  await throws(() => Bluebird.delay(1000).timeout(5, "too slow"), /too slow/);
  equal(await Bluebird.promisify((n: number, done) => done(null, n + 1))(1), 2);
});
