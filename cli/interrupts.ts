import { platform } from "../platform/mod.ts";

/** The exit code of a run that a signal ended. */
export const INTERRUPTED = 130;

/** The shortest delay: the timer fires as soon as this process is idle. */
const SOON_MS = 0.01;

/** Cancels a run when SIGINT or SIGTERM arrives. */
export interface Interrupts {
  signal: AbortSignal;
  /** Cancels, as a signal does. */
  abort(): void;
  /** Starts to listen now, instead of when this process is first idle. */
  listen(): void;
  release(): void;
}

/**
 * The first Ctrl-C cancels the run; a second one ends the process, as does one that arrives before the program is loaded.
 * Installing the listeners takes 0.3 ms, so that is done while other threads load the program.
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
