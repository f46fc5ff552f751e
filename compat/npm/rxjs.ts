/** Merges, delays and folds observables. */
import { task } from "@capsule/sdk";
import { from, interval, lastValueFrom, merge, of } from "rxjs";
import { delay, map, mergeMap, reduce, take, toArray } from "rxjs/operators";
import { equal } from "../expect.ts";

export const main = task({ name: "main" }, async () => {
  const squares = from([1, 2, 3]).pipe(
    mergeMap((n) => of(n * n).pipe(delay(300 - 100 * n))),
    toArray(),
  );
  equal(await lastValueFrom(squares), [9, 4, 1]);
  const ticks = interval(1).pipe(take(3), map((n) => n * 10), reduce((sum, n) => sum + n));
  equal(await lastValueFrom(ticks), 30);
  equal(await lastValueFrom(merge(of("a"), of("b")).pipe(toArray())), ["a", "b"]);
});
