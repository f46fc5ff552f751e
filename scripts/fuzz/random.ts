/** Random numbers from a seed: mulberry32. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** An integer from 0 to a limit, exclusive. */
  below(limit: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor(((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32 * limit);
  }

  /** A random element of a list. */
  of<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!;
  }

  /** A copy with some bytes changed, or a part removed, duplicated or filled. */
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

  /** Text with some words and numbers replaced, duplicated or removed. */
  mixed(text: string): string {
    const words = text.match(/"[^"]*"|-?[\d.]+|./gs) ?? [];
    for (let left = 1 + this.below(4); left > 0; left--) {
      const others = [...words.slice(0, 50), "-1", "1e99", "4294967296", "null", '"\\ud800"', "[["];
      words.splice(this.below(words.length + 1), this.below(3), ...[this.of(others)]);
    }
    return words.join("");
  }

  /** A copy with some bits of a part flipped. */
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
