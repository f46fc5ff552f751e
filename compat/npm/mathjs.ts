/** Evaluates formulas, units, matrices and derivatives. */
import { task } from "@capsule/sdk";
import { all, create, derivative, evaluate } from "mathjs";
import { equal } from "../expect.ts";

export const main = task({ name: "main" }, () => {
  equal(evaluate("sqrt(3^2 + 4^2)"), 5);
  equal(evaluate("12.7 cm to inch").toString(), "5 inch");
  equal(evaluate("det([1, 2; 3, 4])"), -2);
  equal(derivative("x^2 + x", "x").toString(), "2 * x + 1");
  const exact = create(all, { number: "BigNumber", precision: 40 });
  equal(exact.evaluate("0.1 + 0.2").toString(), "0.3");
});
