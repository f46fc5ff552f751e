/** AbortController and AbortSignal, as the DOM standard has them. */
import { define } from "../define.ts";
import { Event, EventTarget } from "./event.ts";
import { setTimeout } from "./timers.ts";

const constructible = Symbol();
const abort = Symbol();

/** Tells whoever listens that an operation is no longer wanted. */
export class AbortSignal extends EventTarget {
  #aborted = false;
  #reason: unknown;
  #onabort: ((event: Event) => unknown) | null = null;

  constructor(key?: symbol) {
    if (key !== constructible) throw new TypeError("Illegal constructor");
    super();
    this.addEventListener("abort", (event) => this.#onabort?.call(this, event));
  }

  static abort(reason?: unknown): AbortSignal {
    const signal = new AbortSignal(constructible);
    signal[abort](reason);
    return signal;
  }

  static timeout(milliseconds: number): AbortSignal {
    const signal = new AbortSignal(constructible);
    const expired = () =>
      signal[abort](new DOMException("The operation timed out.", "TimeoutError"));
    setTimeout(expired, milliseconds);
    return signal;
  }

  static any(signals: Iterable<AbortSignal>): AbortSignal {
    const joined = new AbortSignal(constructible);
    for (const signal of signals) {
      if (signal.aborted) {
        joined[abort](signal.reason);
        break;
      }
      signal.addEventListener("abort", () => joined[abort](signal.reason), { once: true });
    }
    return joined;
  }

  get aborted(): boolean {
    return this.#aborted;
  }

  get reason(): unknown {
    return this.#reason;
  }

  get onabort(): ((event: Event) => unknown) | null {
    return this.#onabort;
  }

  set onabort(listener: ((event: Event) => unknown) | null) {
    this.#onabort = typeof listener === "function" ? listener : null;
  }

  throwIfAborted(): void {
    if (this.#aborted) throw this.#reason;
  }

  [abort](reason: unknown): void {
    if (this.#aborted) return;
    this.#aborted = true;
    this.#reason = reason === undefined
      ? new DOMException("The operation was aborted.", "AbortError")
      : reason;
    this.dispatchEvent(new Event("abort"));
  }

  get [Symbol.toStringTag](): string {
    return "AbortSignal";
  }
}

/** Holds a signal and aborts it. */
export class AbortController {
  readonly #signal: AbortSignal = new AbortSignal(constructible);

  get signal(): AbortSignal {
    return this.#signal;
  }

  abort(reason?: unknown): void {
    this.#signal[abort](reason);
  }

  get [Symbol.toStringTag](): string {
    return "AbortController";
  }
}

define({ AbortController, AbortSignal });
