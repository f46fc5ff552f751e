/** `node:events`: emitters that old packages can call as functions, with newer functions of Node. */
import EventEmitter from "events/events.js";
import { completeEvents } from "@bytecodealliance/jco-std/wasi/0.2.x/node/24.x.x/events";
import { EventEmitterAsyncResource, on } from "unenv/node/events";

type Emitter = InstanceType<typeof EventEmitter>;
type Target = Emitter | EventTarget;
type Listener = (...args: unknown[]) => void;

/** Resolves with the arguments of the next event, or rejects with the next error. */
async function once(
  emitter: Target,
  name: string,
  options: { signal?: AbortSignal } = {},
): Promise<unknown[]> {
  const { signal } = options;
  signal?.throwIfAborted();
  return await new Promise((resolve, reject) => {
    const settle = (done: () => void) => {
      if (emitter instanceof EventEmitter) {
        emitter.removeListener(name, succeeded);
        emitter.removeListener("error", failed);
      } else {
        emitter.removeEventListener(name, succeeded);
      }
      signal?.removeEventListener("abort", aborted);
      done();
    };
    const succeeded = (...args: unknown[]) => settle(() => resolve(args));
    const failed = (error: unknown) => settle(() => reject(error));
    const aborted = () => settle(() => reject(signal!.reason));
    if (emitter instanceof EventEmitter) {
      emitter.once(name, succeeded);
      if (name !== "error") emitter.once("error", failed);
    } else {
      emitter.addEventListener(name, succeeded, { once: true });
    }
    signal?.addEventListener("abort", aborted, { once: true });
  });
}

function getEventListeners(emitter: Target, name: string): Listener[] {
  return emitter instanceof EventEmitter ? emitter.listeners(name) as Listener[] : [];
}

/** Listens to a signal until what it returns is disposed. */
function addAbortListener(signal: AbortSignal, listener: () => void): Disposable {
  if (signal.aborted) queueMicrotask(listener);
  else signal.addEventListener("abort", listener, { once: true });
  return { [Symbol.dispose]: () => signal.removeEventListener("abort", listener) };
}

const added = {
  ...completeEvents(EventEmitter as never),
  addAbortListener,
  captureRejections: false,
  captureRejectionSymbol: Symbol.for("nodejs.rejection"),
  default: EventEmitter,
  errorMonitor: Symbol("events.errorMonitor"),
  EventEmitter,
  EventEmitterAsyncResource,
  getEventListeners,
  on,
  once,
  usingDomains: false,
};
for (const [name, value] of Object.entries(added)) {
  Object.defineProperty(EventEmitter, name, { value, configurable: true, writable: true });
}

// Error monitors are called before the handlers of the error.
const { emit } = EventEmitter.prototype;
EventEmitter.prototype.emit = function (name: string | symbol, ...args: unknown[]) {
  if (name === "error" && this.listenerCount(added.errorMonitor) > 0) {
    emit.call(this, added.errorMonitor, ...args);
  }
  return emit.call(this, name as string, ...args);
};

export { EventEmitter, once };
export default EventEmitter as typeof EventEmitter & typeof added;
