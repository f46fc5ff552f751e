/**
 * Timers: a list in the order in which they are due, and one operation of the host that sleeps until the
 * first is. Each fires on a wake-up of its own, so that promises settle between two of them.
 */
import { Operation } from "../../operations.ts";
import { contained } from "../../failure/uncaught.ts";
import { define } from "../define.ts";

type Callback = (...args: unknown[]) => unknown;

interface Timer {
  id: number;
  /** On the clock of `now`; what is left of the delay while timers are suspended. */
  due: number;
  fire: () => void;
}

/** As in browsers: the delay is a signed integer of 32 bits, and what does not fit is no delay. */
const DELAY_AT_MOST = 2 ** 31 - 1;

/** A timer as Node has it: an object that can be told not to hold the process, which no timer does here. */
class Timeout {
  readonly #id: number;
  readonly #restart: () => void;

  constructor(id: number, restart: () => void) {
    this.#id = id;
    this.#restart = restart;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }

  hasRef(): boolean {
    return false;
  }

  /** Begins its delay anew. */
  refresh(): this {
    clearTimeout(this.#id);
    this.#restart();
    return this;
  }

  close(): this {
    clearTimeout(this.#id);
    return this;
  }

  /** Its number: what takes a timer takes that, too. */
  [Symbol.toPrimitive](): number {
    return this.#id;
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#id);
  }
}

const { now } = Date;
/** By the time when they are due; of those due at once, the older one first. */
const timers: Timer[] = [];
let sleeping: { until: number; operation: Operation } | undefined;
let nextId = 1;

/** Calls back once, after a delay in milliseconds. */
export function setTimeout(callback: Callback, delay?: number, ...args: unknown[]): Timeout {
  check(callback);
  const id = nextId++;
  const start = () => begin(id, delay, () => callback(...args));
  start();
  return new Timeout(id, start);
}

/** Calls back again and again. */
function setInterval(callback: Callback, delay?: number, ...args: unknown[]): Timeout {
  check(callback);
  const id = nextId++;
  const start = () => begin(id, delay, tick);
  const tick = () => {
    start();
    callback(...args);
  };
  start();
  return new Timeout(id, start);
}

/** Calls back as soon as nothing else is to be done. */
function setImmediate(callback: Callback, ...args: unknown[]): Timeout {
  return setTimeout(callback, 0, ...args);
}

function check(callback: unknown): void {
  if (typeof callback === "function") return;
  const error = new TypeError('The "callback" argument must be of type function');
  throw Object.assign(error, { code: "ERR_INVALID_ARG_TYPE" });
}

/** Ends a timer; an unknown one is left alone. */
function clearTimeout(id?: Timeout | number | string): void {
  const index = timers.findIndex((timer) => timer.id === Number(id ?? NaN));
  if (index < 0) return;
  timers.splice(index, 1);
  if (index === 0) sleep();
}

/** Timers that top-level code left go on in each call, with what is left of their delays. */
export function suspendTimers(): void {
  const present = now();
  for (const timer of timers) timer.due = Math.max(0, timer.due - present);
  wake();
}

/** Undoes {@link suspendTimers}. */
export function resumeTimers(): void {
  if (timers.length === 0) return;
  const present = now();
  for (const timer of timers) timer.due += present;
  sleep();
}

function begin(id: number, delay: number | undefined, fire: () => void): void {
  const milliseconds = Number(delay);
  const valid = milliseconds > 0 && milliseconds <= DELAY_AT_MOST;
  const timer = { id, due: now() + (valid ? milliseconds : 0), fire };
  const index = timers.findLastIndex(({ due }) => due <= timer.due) + 1;
  timers.splice(index, 0, timer);
  if (index === 0) sleep();
}

/** Sleeps until the first timer is due, instead of what it slept for. */
function sleep(): void {
  const [first] = timers;
  if (sleeping?.until === first?.due) return;
  wake();
  if (first === undefined) return;
  const operation = new Operation("sleep", String(Math.max(0, first.due - now())));
  sleeping = { until: first.due, operation };
  operation.ended().then(fireFirst);
}

function wake(): void {
  sleeping?.operation.cancel();
  sleeping = undefined;
}

function fireFirst(): void {
  sleeping = undefined;
  const timer = timers.shift();
  contained(() => timer?.fire());
  sleep();
}

const { queueMicrotask } = globalThis;

define({
  setTimeout,
  setInterval,
  setImmediate,
  clearTimeout,
  clearInterval: clearTimeout,
  clearImmediate: clearTimeout,
  queueMicrotask: (callback: () => void) => queueMicrotask(() => contained(callback)),
});
