import { platform } from "../platform/mod.ts";

const POLL_MS = 1000;

/**
 * Polls the parent process ID, and calls back when it changes: the parent has ended. The end of the pipes does not show
 * that if another process has inherited them. Returns a function that stops it. It does not keep the process alive.
 */
export function watchParent(callback: () => void): () => void {
  const parent = platform.parentProcessId();
  const look = () => {
    if (platform.parentProcessId() !== parent) return callback();
    stop = platform.after(POLL_MS, look);
  };
  let stop = platform.after(POLL_MS, look);
  return () => stop();
}
