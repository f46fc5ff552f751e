/** Checks addresses, cards and dates, and cleans text. */
import { task } from "@capsule/sdk";
import validator from "validator";
import { equal } from "../expect.ts";

export const main = task({ name: "main" }, () => {
  equal(["a@b.co", "a@b"].map((text) => validator.isEmail(text)), [true, false]);
  equal(validator.isCreditCard("4111 1111 1111 1111"), true);
  equal(validator.isIBAN("DE89370400440532013000"), true);
  equal(validator.isURL("https://x.com/a?b"), true);
  equal(validator.escape("<a>"), "&lt;a&gt;");
  equal(validator.normalizeEmail("A.B+c@GMAIL.com"), "ab@gmail.com");
});
