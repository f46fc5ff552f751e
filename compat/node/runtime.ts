/** Events, time, and what runs beside it. */
import asyncHooks, { AsyncLocalStorage, AsyncResource } from "node:async_hooks";
import console_, { Console } from "node:console";
import diagnostics from "node:diagnostics_channel";
import events, { EventEmitter } from "node:events";
import module_ from "node:module";
import { performance, PerformanceObserver } from "node:perf_hooks";
import timers from "node:timers";
import timersPromises from "node:timers/promises";
import tty from "node:tty";
import { PassThrough } from "node:stream";
import { equal, throws } from "../expect.ts";
import type { Modules } from "./module.ts";

export const runtime: Modules = {
  async_hooks: {
    tried: "AsyncLocalStorage over awaits and timers, AsyncResource, executionAsyncId",
    async run() {
      const storage = new AsyncLocalStorage<string>();
      const seen = await storage.run("mine", async () => {
        await null;
        const first = storage.getStore();
        return [
          first,
          await new Promise((resolve) => setTimeout(() => resolve(storage.getStore()), 1)),
        ];
      });
      equal([seen, storage.getStore() ?? null], [["mine", "mine"], null]);
      equal(storage.run("a", () => storage.exit(() => storage.getStore() ?? "none")), "none");
      const bound = storage.run("bound", () => AsyncResource.bind(() => storage.getStore()));
      equal([bound(), typeof asyncHooks.executionAsyncId()], ["bound", "number"]);
    },
  },
  console: {
    tried: "Console over a stream, log",
    run() {
      const lines: string[] = [];
      const stdout = new PassThrough().on("data", (data) => lines.push(String(data)));
      new Console({ stdout }).log("a %d", 1);
      stdout.read();
      equal([lines, typeof console_.log], [["a 1\n"], "function"]);
      const grouped = new Console({ stdout, inspectOptions: { depth: 0 } });
      grouped.group("group");
      grouped.dir({ a: { b: 1 } });
      equal(lines.slice(1).join(""), "group\n  { a: [Object] }\n");
    },
  },
  diagnostics_channel: {
    tried: "channel, subscribe, publish",
    run() {
      const seen: unknown[] = [];
      diagnostics.subscribe("x", (message) => seen.push(message));
      diagnostics.channel("x").publish({ a: 1 });
      equal(seen, [{ a: 1 }]);
    },
  },
  events: {
    tried: "on, once, emit, prependListener, listenerCount, errors, events.once, events.on",
    async run() {
      const emitter = new EventEmitter();
      const seen: string[] = [];
      emitter.on("x", (value) => seen.push(`on ${value}`));
      emitter.once("x", (value) => seen.push(`once ${value}`));
      emitter.prependListener("x", () => seen.push("first"));
      equal([emitter.emit("x", 1), emitter.emit("x", 2), emitter.emit("y")], [true, true, false]);
      equal(seen, ["first", "on 1", "once 1", "first", "on 2"]);
      await throws(() => emitter.emit("error", new Error("unheard")), /unheard/);
      setTimeout(() => emitter.emit("later", "a"), 1);
      equal(await events.once(emitter, "later"), ["a"]);
      setTimeout(() => emitter.emit("many", 1), 1);
      for await (const [value] of events.on(emitter, "many")) {
        equal(value, 1);
        break;
      }
      equal(emitter.listenerCount("x"), 2);
    },
  },
  module: {
    tried: "builtinModules, isBuiltin, createRequire",
    async run() {
      equal([module_.isBuiltin("node:fs"), module_.builtinModules.includes("path")], [true, true]);
      const require = module_.createRequire("file:///main.ts");
      equal(require("node:path").join("a", "b"), "a/b");
      await throws(() => require("nothing-of-that-name"), /Cannot find module/);
    },
  },
  perf_hooks: {
    tried: "performance.now, mark, measure, timeOrigin, PerformanceObserver",
    async run() {
      const start = performance.now();
      performance.mark("a");
      await new Promise((resolve) => setTimeout(resolve, 5));
      const { duration } = performance.measure("m", "a");
      equal([duration >= 4, performance.now() > start], [true, true]);
      equal([typeof performance.timeOrigin, typeof PerformanceObserver], ["number", "function"]);
    },
  },
  timers: {
    tried: "setTimeout, setInterval, setImmediate, clear, ref, unref, refresh",
    async run() {
      const order: string[] = [];
      timers.setTimeout(() => order.push("cleared"), 1).unref().ref().refresh().close?.();
      await new Promise<void>((resolve) =>
        timers.setImmediate(() => resolve(void order.push("now")))
      );
      await new Promise<void>((resolve) => {
        const interval = timers.setInterval(() => {
          if (order.push("tick") < 3) return;
          timers.clearInterval(interval);
          resolve();
        }, 1);
      });
      equal(order, ["now", "tick", "tick"]);
    },
  },
  "timers/promises": {
    tried: "setTimeout, setImmediate, setInterval, scheduler.wait, abort by a signal",
    async run() {
      equal(await timersPromises.setTimeout(1, "a"), "a");
      equal(await timersPromises.setImmediate("b"), "b");
      for await (const value of timersPromises.setInterval(1, "c")) {
        equal(value, "c");
        break;
      }
      await timersPromises.scheduler.wait(1);
      const signal = AbortSignal.abort();
      await throws(() => timersPromises.setTimeout(1, 0, { signal }), /AbortError/);
    },
  },
  tty: {
    tried: "isatty",
    run: () => equal(tty.isatty(1), false),
  },
};
