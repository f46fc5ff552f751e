/** Timers, each an operation of the host. */
import { Operation } from "../operations.ts";
import { define } from "./define.ts";

type Callback = (...args: unknown[]) => unknown;

/** As in browsers: the delay is a signed integer of 32 bits, and what does not fit is no delay. */
const DELAY_AT_MOST = 2 ** 31 - 1;

const timers = new Map<number, Operation>();
let nextId = 1;

/** Calls back once, after a delay in milliseconds. */
export function setTimeout(callback: Callback, delay?: number, ...args: unknown[]): number {
  const id = nextId++;
  begin(id, delay, () => {
    timers.delete(id);
    callback(...args);
  });
  return id;
}

/** Calls back again and again. */
function setInterval(callback: Callback, delay?: number, ...args: unknown[]): number {
  const id = nextId++;
  const tick = () => {
    begin(id, delay, tick);
    callback(...args);
  };
  begin(id, delay, tick);
  return id;
}

/** Calls back as soon as nothing else is to be done. */
function setImmediate(callback: Callback, ...args: unknown[]): number {
  return setTimeout(callback, 0, ...args);
}

/** Ends a timer; an unknown one is left alone. */
function clearTimeout(id?: number): void {
  timers.get(Number(id))?.cancel();
  timers.delete(Number(id));
}

function begin(id: number, delay: number | undefined, callback: () => void): void {
  const milliseconds = Number(delay);
  const valid = milliseconds > 0 && milliseconds <= DELAY_AT_MOST;
  const timer = new Operation("sleep", String(valid ? milliseconds : 0));
  timers.set(id, timer);
  timer.ended().then(callback).catch(report);
}

/** What a callback throws reaches nobody who could handle it: it is told, and the task goes on. */
function report(thrown: unknown): void {
  console.error("Uncaught", thrown);
}

define({
  setTimeout,
  setInterval,
  setImmediate,
  clearTimeout,
  clearInterval: clearTimeout,
  clearImmediate: clearTimeout,
});
