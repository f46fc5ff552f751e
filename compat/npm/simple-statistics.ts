/** Means, regressions and quantiles. */
import { task } from "@capsule/sdk";
import { linearRegression, mean, quantile, standardDeviation } from "simple-statistics";
import { equal } from "../expect.ts";

export const main = task({ name: "main" }, () => {
  equal([mean([1, 2, 3]), standardDeviation([2, 4, 4, 4, 5, 5, 7, 9])], [2, 2]);
  equal(linearRegression([[0, 1], [1, 3], [2, 5]]), { m: 2, b: 1 });
  equal(quantile([1, 2, 3, 4], 0.5), 2.5);
});
