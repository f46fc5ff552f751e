/** Long work on the host's own thread, which lets others have their turn. */
const TURN_MS = 20;

export class Turn {
  #startedMs = performance.now();

  /** Whether others have waited long enough. */
  get isOver(): boolean {
    return performance.now() - this.#startedMs >= TURN_MS;
  }

  /** Resolves when others have had theirs. */
  async next(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve));
    this.#startedMs = performance.now();
  }
}
