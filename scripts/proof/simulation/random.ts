/** Numbers that a seed decides, and nothing else. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed | 0;
    // Seeds that follow each other begin alike.
    for (let i = 0; i < 4; i++) this.next();
    this.#state ^= Math.imul(seed, 0x9e3779b1);
  }

  /** From 0 to below 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A whole number from 0 to below `n`. */
  to(n: number): number {
    return Math.floor(this.next() * n);
  }

  /** A whole number from `low` to `high`. */
  between(low: number, high: number): number {
    return low + this.to(high - low + 1);
  }

  /** Mostly small, now and then large; about `mean`, at least 1. */
  about(mean: number): number {
    return Math.max(1, Math.round(-Math.log(1 - this.next()) * mean));
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  pick<T>(list: readonly T[]): T {
    const item = list[this.to(list.length)];
    if (item === undefined) throw new Error("Cannot pick: the list is empty");
    return item;
  }
}
