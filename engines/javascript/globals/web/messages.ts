/** MessageChannel: two ends inside of one sandbox. */
import { define } from "../define.ts";
import { Event, EventTarget } from "./event.ts";
import { setTimeout } from "./timers.ts";

/** What a port received. */
class MessageEvent extends Event {
  readonly data: unknown;
  readonly origin = "";
  readonly lastEventId = "";
  readonly source = null;
  readonly ports: MessagePort[] = [];

  constructor(type: string, init: { data?: unknown } = {}) {
    super(type);
    this.data = init.data;
  }
}

const other = Symbol("other");
const receive = Symbol("receive");

/** One end of a channel. */
class MessagePort extends EventTarget {
  [other]: MessagePort | undefined;
  #started = false;
  #waiting: unknown[] = [];
  #onmessage: ((event: MessageEvent) => unknown) | null = null;

  postMessage(message: unknown, options?: { transfer?: Transferable[] } | Transferable[]): void {
    const transfer = Array.isArray(options) ? options : options?.transfer ?? [];
    const copy = structuredClone(message, { transfer });
    setTimeout(() => this[other]?.[receive](copy), 0);
  }

  start(): void {
    this.#started = true;
    for (const message of this.#waiting.splice(0)) this[receive](message);
  }

  close(): void {
    if (this[other]) this[other][other] = undefined;
    this[other] = undefined;
  }

  get onmessage(): ((event: MessageEvent) => unknown) | null {
    return this.#onmessage;
  }

  set onmessage(listener: ((event: MessageEvent) => unknown) | null) {
    this.#onmessage = listener;
    this.start();
  }

  ref(): void {}

  unref(): void {}

  [receive](data: unknown): void {
    if (!this.#started) return void this.#waiting.push(data);
    const event = new MessageEvent("message", { data });
    this.#onmessage?.(event);
    this.dispatchEvent(event);
  }
}

class MessageChannel {
  readonly port1: MessagePort = new MessagePort();
  readonly port2: MessagePort = new MessagePort();

  constructor() {
    this.port1[other] = this.port2;
    this.port2[other] = this.port1;
  }
}

define({ MessageChannel, MessageEvent, MessagePort });
