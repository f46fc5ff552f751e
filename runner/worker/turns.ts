/** Lets so many at once, and the others wait for their turn, in order. */
export class Turns {
  #free: number;
  /** Who waits. Each is told whether it is its turn, or there will be none. */
  readonly #queue = new Set<(isGranted: boolean) => void>();
  #isClosed = false;

  /** @param atOnce How many may have a turn at once. */
  constructor(atOnce: number) {
    this.#free = atOnce;
  }

  /**
   * Waits for a turn. Returns whether there is one: after {@link close}, there is none.
   *
   * @throws The reason of the signal, if that aborts before.
   */
  take(signal?: AbortSignal): Promise<boolean> {
    if (this.#isClosed) return Promise.resolve(false);
    if (this.#free > 0) {
      this.#free--;
      return Promise.resolve(true);
    }
    return new Promise((resolve, reject) => {
      const leave = () => {
        this.#queue.delete(grant);
        signal?.removeEventListener("abort", abort);
      };
      const grant = (isGranted: boolean) => {
        leave();
        resolve(isGranted);
      };
      const abort = () => {
        leave();
        reject(signal!.reason);
      };
      if (signal?.aborted) return abort();
      signal?.addEventListener("abort", abort, { once: true });
      this.#queue.add(grant);
    });
  }

  /** Gives a turn back. */
  release(): void {
    const [next] = this.#queue;
    if (next === undefined) this.#free++;
    else next(true);
  }

  /** There are no more turns, for those either who wait. */
  close(): void {
    this.#isClosed = true;
    for (const grant of this.#queue) grant(false);
  }
}
