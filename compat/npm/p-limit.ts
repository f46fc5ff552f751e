/** Runs at most two at a time. */
import { task } from "@capsule/sdk";
import pLimit from "p-limit";
import { equal } from "../expect.ts";

export const main = task({ name: "main" }, async () => {
  const limit = pLimit(2);
  let [active, most] = [0, 0];
  const work = (n: number) => async () => {
    most = Math.max(most, ++active);
    await new Promise((resolve) => setTimeout(resolve, 2));
    active--;
    return n * 2;
  };
  equal(await Promise.all([1, 2, 3, 4].map((n) => limit(work(n)))), [2, 4, 6, 8]);
  equal(most, 2);
});
