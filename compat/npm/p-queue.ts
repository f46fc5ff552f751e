/** Queues by priority, with a concurrency. */
import { task } from "@capsule/sdk";
import PQueue from "p-queue";
import { equal } from "../expect.ts";

export const main = task({ name: "main" }, async () => {
  const queue = new PQueue({ concurrency: 1, autoStart: false });
  const order: string[] = [];
  queue.add(() => order.push("low"), { priority: 0 });
  queue.add(() => order.push("high"), { priority: 1 });
  queue.start();
  await queue.onIdle();
  equal(order, ["high", "low"]);
});
