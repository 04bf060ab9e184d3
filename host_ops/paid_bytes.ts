import type { ByteBudget } from "../shared/byte_budget.ts";

const LEAST_BYTES = 4_096;

/** One buffer that grows to `most` bytes at most, paid for from a budget. */
export class PaidBytes {
  readonly #budget: ByteBudget;
  readonly #most: number;
  #buffer = new Uint8Array(0);
  #length = 0;

  constructor(budget: ByteBudget, most: number) {
    this.#budget = budget;
    this.#most = most;
  }

  /** What is in it. */
  get bytes(): Uint8Array<ArrayBuffer> {
    return this.#buffer.subarray(0, this.#length);
  }

  /** Adds a copy; tells whether there was memory for it. */
  append(bytes: Uint8Array): boolean {
    const length = this.#length + bytes.length;
    if (!this.#holds(length, this.#buffer.length * 2)) return false;
    this.#buffer.set(bytes, this.#length);
    this.#length = length;
    return true;
  }

  /**
   * Keeps the last `size` bytes, at its start, and has room for as many; tells
   * whether there was memory for it.
   */
  keepLast(size: number): boolean {
    if (!this.#holds(size)) return false;
    const from = Math.max(0, this.#length - size);
    this.#buffer.copyWithin(0, from, this.#length);
    this.#length -= from;
    return true;
  }

  /** Its first `size` bytes, to be written to; it must have room for them. */
  room(size: number): Uint8Array<ArrayBuffer> {
    return this.#buffer.subarray(0, size);
  }

  /** Lets go of the bytes, but not of what they cost; returns that. */
  surrender(): number {
    const cost = this.#buffer.length;
    this.#buffer = new Uint8Array(0);
    this.#length = 0;
    return cost;
  }

  /** Grows, where it must: to what would be good to have, or else to the least. */
  #holds(least: number, good = least): boolean {
    if (least <= this.#buffer.length) return true;
    const wanted = Math.min(Math.max(least, good, LEAST_BYTES), this.#most);
    const size = [wanted, least]
      .find((it) => this.#budget.take(it - this.#buffer.length));
    if (size === undefined) return false;
    // the old one is gone at once, not when the collector comes
    this.#buffer = new Uint8Array(this.#buffer.buffer.transfer(size));
    return true;
  }
}
