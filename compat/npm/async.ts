/** Maps in limits, and runs in series. */
import { task } from "@capsule/sdk";
import async from "async";
import { equal } from "../expect.ts";

const later = (n: number) => new Promise<number>((resolve) => setTimeout(resolve, 1, n));

export const main = task({ name: "main" }, async () => {
  equal(await async.mapLimit([1, 2, 3], 2, async (n: number) => 2 * await later(n)), [2, 4, 6]);
  const waterfall = [
    (done: (error: null, n: number) => void) => setTimeout(() => done(null, 1), 1),
    (n: number, done: (error: null, n: number) => void) => done(null, n + 1),
  ];
  equal(await async.waterfall(waterfall), 2);
});
