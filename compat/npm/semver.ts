/** Compares versions, and finds those of a range. */
import { task } from "@capsule/sdk";
import semver from "semver";
import { equal } from "../expect.ts";

export const main = task({ name: "main" }, () => {
  equal(semver.satisfies("1.2.3", "^1.2.0 || >=3"), true);
  equal(semver.maxSatisfying(["1.2.3", "1.3.0-beta.1", "2.0.0"], "~1"), "1.2.3");
  equal(["1.10.0", "1.9.0", "1.10.0-rc.1"].sort(semver.compare), [
    "1.9.0",
    "1.10.0-rc.1",
    "1.10.0",
  ]);
  equal(semver.inc("1.2.3", "minor"), "1.3.0");
});
