/** Chunks, picks and throttles, from a package of many modules. */
import { task } from "@capsule/sdk";
import { chunk, isEqual, pick, throttle } from "lodash-es";
import { equal } from "../expect.ts";

export const main = task({ name: "main" }, () => {
  equal(chunk([1, 2, 3, 4, 5], 2), [[1, 2], [3, 4], [5]]);
  equal(pick({ a: 1, b: 2, c: 3 }, ["a", "c"]), { a: 1, c: 3 });
  equal(isEqual({ a: [new Set([1])] }, { a: [new Set([1])] }), true);
  let calls = 0;
  const throttled = throttle(() => ++calls, 1000, { trailing: false });
  throttled();
  throttled();
  equal(calls, 1);
});
