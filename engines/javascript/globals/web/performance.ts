/** `performance`: time since a call began to look at it, and what Node adds to that. */
import perfHooks from "../../node/async/perf_hooks.ts";
import { define } from "../define.ts";

const { performance } = globalThis;
const native = performance.now.bind(performance);
const { now: date } = Date;

let origin: number | undefined;
let began = 0;

/** Milliseconds since the first look at the clock. */
export function elapsed(): number {
  if (origin === undefined) {
    origin = native();
    began = date();
  }
  return native() - origin;
}

/** Lets the clock begin anew: an image has seen another one. */
export function resetClock(): void {
  origin = undefined;
}

const shown = perfHooks.performance;
Object.defineProperties(shown, {
  now: { value: elapsed, configurable: true, writable: true },
  timeOrigin: {
    get() {
      elapsed();
      return began;
    },
    configurable: true,
  },
});

define({ performance: shown });
