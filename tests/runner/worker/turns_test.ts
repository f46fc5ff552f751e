import { Turns } from "../../../runner/worker/turns.ts";
import { assertEquals, assertRejects } from "../../support/assert.ts";

Deno.test("turns come in the order in which they were asked for", async () => {
  const turns = new Turns(2);
  const order: string[] = [];
  const take = (name: string, signal?: AbortSignal) =>
    turns.take(signal).then((isGranted) => order.push(`${name} ${isGranted}`));
  const all = [take("a"), take("b"), take("c"), take("d"), take("e")];
  await Promise.all(all.slice(0, 2));
  assertEquals(order, ["a true", "b true"]);
  turns.release();
  await all[2];
  turns.release();
  await all[3];
  assertEquals(order.slice(2), ["c true", "d true"]);
  turns.close();
  await all[4];
  assertEquals(order.at(-1), "e false");
  assertEquals(await turns.take(), false);
});

Deno.test("a cancelled waiter takes no turn", async () => {
  const turns = new Turns(1);
  await turns.take();
  const reason = new Error("given up");
  const controller = new AbortController();
  const waiting = turns.take(controller.signal);
  const next = turns.take();
  controller.abort(reason);
  assertEquals(await assertRejects(() => waiting), reason);
  assertEquals(await assertRejects(() => turns.take(AbortSignal.abort(reason))), reason);
  turns.release();
  assertEquals(await next, true);
  // Too late to give up what one has.
  turns.release();
  const late = new AbortController();
  const taken = turns.take(late.signal);
  late.abort();
  assertEquals(await taken, true);
});
