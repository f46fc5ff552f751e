/** Computes with 50 digits. */
import { task } from "@capsule/sdk";
import Decimal from "decimal.js";
import { equal } from "../expect.ts";

export const main = task({ name: "main" }, () => {
  Decimal.set({ precision: 50 });
  equal(new Decimal("0.1").plus("0.2").toString(), "0.3");
  equal(new Decimal(2).sqrt().toString(), "1.4142135623730950488016887242096980785696718753769");
  equal(new Decimal("1e400").div(3).toExponential(3), "3.333e+399");
});
