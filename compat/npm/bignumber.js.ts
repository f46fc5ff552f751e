/** Adds, divides and formats numbers of any size. */
import { task } from "@capsule/sdk";
import BigNumber from "bignumber.js";
import { equal } from "../expect.ts";

export const main = task({ name: "main" }, () => {
  equal(new BigNumber("12345678901234567890.5").times(2).toFixed(), "24691357802469135781");
  equal(new BigNumber("1234567.891").toFormat(2), "1,234,567.89");
  equal(new BigNumber(255).toString(16), "ff");
});
