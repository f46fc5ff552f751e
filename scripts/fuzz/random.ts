/** Numbers that a seed decides: mulberry32. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** A whole number from 0 up to, and without, a limit. */
  below(limit: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor(((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32 * limit);
  }

  /** One of a list. */
  of<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!;
  }

  /** A copy in which some bytes are others, or with a part cut off, doubled or filled. */
  damaged(bytes: Uint8Array, from = 0, end = bytes.length): Uint8Array {
    const length = Math.max(1, end - from);
    const at = () => from + this.below(length);
    switch (this.below(6)) {
      case 0:
        return bytes.slice(0, at());
      case 1: {
        const [start, stop] = [at(), at()].sort((a, b) => a - b);
        return concat(bytes.subarray(0, stop), bytes.subarray(start));
      }
      case 2: {
        const copy = bytes.slice();
        const start = at();
        copy.fill(this.of([0, 0xff, 0x7f]), start, start + this.below(200));
        return copy;
      }
      default:
        return this.flipped(bytes, from, end);
    }
  }

  /** A text in which some words and numbers are others, doubled or gone. */
  mixed(text: string): string {
    const words = text.match(/"[^"]*"|-?[\d.]+|./gs) ?? [];
    for (let left = 1 + this.below(4); left > 0; left--) {
      const others = [...words.slice(0, 50), "-1", "1e99", "4294967296", "null", '"\\ud800"', "[["];
      words.splice(this.below(words.length + 1), this.below(3), ...[this.of(others)]);
    }
    return words.join("");
  }

  /** A copy in which some bits of a part are others. */
  flipped(bytes: Uint8Array, from = 0, end = bytes.length): Uint8Array {
    const copy = bytes.slice();
    for (let left = 1 + this.below(30); left > 0; left--) {
      copy[from + this.below(Math.max(1, end - from))]! ^= 1 << this.below(8);
    }
    return copy;
  }
}

function concat(first: Uint8Array, second: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(first.length + second.length);
  bytes.set(first);
  bytes.set(second, first.length);
  return bytes;
}
