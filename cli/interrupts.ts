import { platform } from "../platform/mod.ts";

/** The exit status of a run that a signal ended. */
export const INTERRUPTED = 130;

/** Nearly none, but as soon as this process waits for something. */
const SOON_MS = 0.01;

/** The signals that end a run. */
export interface Interrupts {
  signal: AbortSignal;
  /** What a signal does. */
  abort(): void;
  /** Listens from now on, and not only once this process waits for something. */
  listen(): void;
  release(): void;
}

/**
 * The first Ctrl-C cancels; a second one ends the process as it always does, and so does one that comes before anything
 * has begun: to listen takes 0.3 ms, for which there is time while a program is loaded.
 */
export function catchInterrupts(): Interrupts {
  const controller = new AbortController();
  let listening: (() => void)[] | undefined;
  const listen = () => {
    listening ??= [
      platform.onSignal("SIGINT", interrupted),
      platform.onSignal("SIGTERM", interrupted),
    ];
  };
  const release = () => {
    stop();
    for (const stop of listening ?? []) stop();
    listening = [];
  };
  const interrupted = () => {
    release();
    controller.abort();
  };
  const stop = platform.after(SOON_MS, listen);
  return { signal: controller.signal, abort: interrupted, listen, release };
}
