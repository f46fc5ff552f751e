/** Tries again until it succeeds, and gives up when told to. */
import { task } from "@capsule/sdk";
import pRetry, { AbortError } from "p-retry";
import { equal, throws } from "../expect.ts";

export const main = task({ name: "main" }, async () => {
  const fragile = (attempt: number) => {
    if (attempt < 3) throw new Error("not yet");
    return attempt;
  };
  equal(await pRetry(fragile, { retries: 5, minTimeout: 1 }), 3);
  await throws(() => pRetry(() => Promise.reject(new AbortError("never"))), /never/);
});
