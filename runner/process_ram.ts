/** The memory that all runs of this process may use. The runtime and the worker ask for it when they start. */

type Listener = (bytes: number) => void;

let limit: number | undefined;
const listeners = new Set<Listener>();

/** Sets it, in bytes. */
export function limitProcessRam(bytes: number): void {
  limit = bytes;
  for (const listener of listeners) listener(bytes);
}

/** Hears of the limit, at once if somebody has set one, and whenever it changes. Returns what stops that. */
export function followProcessRam(listener: Listener): () => void {
  listeners.add(listener);
  if (limit !== undefined) listener(limit);
  return () => void listeners.delete(listener);
}
