/** Pipes, lenses and transducers. */
import { task } from "@capsule/sdk";
import * as R from "ramda";
import { equal } from "../expect.ts";

export const main = task({ name: "main" }, () => {
  const average = R.converge(R.divide, [R.sum, R.length]);
  equal(R.pipe(R.filter((n: number) => n > 1), R.map(R.multiply(2)), average)([1, 2, 3]), 5);
  equal(R.over(R.lensPath(["a", "b"]), R.inc, { a: { b: 1 } }), { a: { b: 2 } });
  equal(R.groupBy((n: number) => n % 2 ? "odd" : "even", [1, 2, 3]), { odd: [1, 3], even: [2] });
});
