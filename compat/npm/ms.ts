/** Turns text into milliseconds, and back. */
import { task } from "@capsule/sdk";
import ms from "ms";
import { equal } from "../expect.ts";

export const main = task({ name: "main" }, () => {
  equal([ms("2 days"), ms("1.5h"), ms(60_000), ms(90_000, { long: true })], [
    172_800_000,
    5_400_000,
    "1m",
    "2 minutes",
  ]);
});
