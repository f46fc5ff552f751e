/** Rolls up, bins and ranks. */
import { task } from "@capsule/sdk";
import { bin, extent, median, rollup, sum, ticks } from "d3-array";
import { equal } from "../expect.ts";

export const main = task({ name: "main" }, () => {
  const rows = [{ k: "a", n: 1 }, { k: "b", n: 5 }, { k: "a", n: 3 }];
  equal([...rollup(rows, (group) => sum(group, ({ n }) => n), ({ k }) => k)], [["a", 4], ["b", 5]]);
  equal([extent([3, 1, 2]), median([3, 1, 2])], [[1, 3], 2]);
  equal(bin().thresholds([2, 4])([1, 2, 3, 4, 5]).map(({ length }) => length), [1, 2, 2]);
  equal(ticks(0, 1, 4), [0, 0.2, 0.4, 0.6, 0.8, 1]);
});
