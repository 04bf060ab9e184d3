/** Holds the newest values, up to a fixed number, in order. */
export class RingBuffer<T> {
  readonly #slots: (T | undefined)[];
  #first = 0;
  #size = 0;

  constructor(capacity: number) {
    this.#slots = new Array(capacity);
  }

  get size(): number {
    return this.#size;
  }

  /** Adds `value`; returns the oldest one when there was no room for both. */
  push(value: T): T | undefined {
    const fallen = this.#size === this.#slots.length ? this.shift() : undefined;
    this.#slots[this.#index(this.#size)] = value;
    this.#size++;
    return fallen;
  }

  /** Takes the oldest value out. */
  shift(): T | undefined {
    if (this.#size === 0) return undefined;
    const oldest = this.#slots[this.#first];
    this.#slots[this.#first] = undefined;
    this.#first = this.#index(1);
    this.#size--;
    return oldest;
  }

  /** The value at `index`, counted from the oldest. */
  at(index: number): T | undefined {
    return index >= 0 && index < this.#size
      ? this.#slots[this.#index(index)]
      : undefined;
  }

  /** Every value, oldest first. */
  toArray(): T[] {
    return Array.from(
      { length: this.#size },
      (_, index) => this.at(index) as T,
    );
  }

  #index(offset: number): number {
    return (this.#first + offset) % this.#slots.length;
  }
}
