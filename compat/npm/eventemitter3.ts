/** Emits to listeners, once and always. */
import { task } from "@capsule/sdk";
import { EventEmitter } from "eventemitter3";
import { equal } from "../expect.ts";

export const main = task({ name: "main" }, () => {
  const emitter = new EventEmitter();
  const seen: unknown[] = [];
  emitter.on("x", (value) => seen.push(value)).once("x", () => seen.push("once"));
  equal([emitter.emit("x", 1), emitter.emit("x", 2), emitter.emit("y")], [true, true, false]);
  equal(seen, [1, "once", 2]);
});
