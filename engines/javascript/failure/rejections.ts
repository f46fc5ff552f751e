/**
 * Reports unhandled rejections on standard error, as Deno and Node do.
 *
 * QuickJS calls `track` for each promise that is rejected without a handler, and again when it gets one:
 * `runtime/tracker.ts` adds these calls.
 */
import { Operation } from "../operations.ts";
import { tellUncaught } from "./uncaught.ts";

/** The most rejections that are reported. */
const TOLD_AT_MOST = 20;

// Kept before a program can replace them.
const call = Function.prototype.call;
const add = call.bind(Set.prototype.add) as (set: Set<unknown>, value: unknown) => void;
const remove = call.bind(Set.prototype.delete) as (set: Set<unknown>, value: unknown) => boolean;
const clear = call.bind(Set.prototype.clear) as (set: Set<unknown>) => void;
const each = call.bind(Set.prototype.forEach) as (
  set: Set<unknown>,
  body: (value: unknown) => void,
) => void;
const then = call.bind(Promise.prototype.then) as (
  promise: unknown,
  fulfilled: undefined,
  rejected: (reason: unknown) => void,
) => void;
const reject = Promise.reject.bind(Promise);

/** Rejected, and not handled so far. */
const unheard = new Set<unknown>();
let isEmpty = true;
/** Two at once would report a rejection twice. */
let telling: Promise<void> | undefined;
let toldCount = 0;

/** Makes QuickJS tell of rejections: what is rejected first, by this, is whom it tells. Once for each program. */
export function trackRejections(): void {
  void reject(track);
}

function track(promise: unknown): void {
  if (remove(unheard, promise)) return;
  add(unheard, promise);
  isEmpty = false;
  void tellUnheard();
}

/** Whether there may be unhandled rejections to report. */
export function mayBeUnheard(): boolean {
  return !isEmpty;
}

/** Reports the rejections that are unhandled when no more code is ready to run. */
export function tellUnheard(): Promise<void> {
  return telling ??= tellSoon();
}

async function tellSoon(): Promise<void> {
  await new Operation("sleep", "0").ended();
  telling = undefined;
  isEmpty = true;
  each(unheard, tell);
  // By now they are handled, so that QuickJS tells of them once more: that comes first.
  await undefined;
  clear(unheard);
}

function tell(promise: unknown): void {
  try {
    then(promise, undefined, (reason) => {
      if (toldCount++ < TOLD_AT_MOST) tellUncaught(reason, "(in promise) ");
    });
  } catch {
    // Its constructor is one of the program's that throws.
    tellUncaught("a promise", "(in promise) ");
  }
}
