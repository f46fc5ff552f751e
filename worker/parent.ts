import { platform } from "../platform/mod.ts";

const LOOK_MS = 1000;

/**
 * Calls back once this process has another parent, and looks for that once a second: where a pipe was
 * handed on to somebody else, its end tells nothing. Returns what stops it. It keeps no process alive.
 */
export function watchParent(callback: () => void): () => void {
  const parent = platform.parentProcessId();
  const look = () => {
    if (platform.parentProcessId() !== parent) return callback();
    stop = platform.after(LOOK_MS, look);
  };
  let stop = platform.after(LOOK_MS, look);
  return () => stop();
}
