/**
 * Bytes that many pieces of work together may hold in memory: a cap for each
 * bounds one of them, not a thousand.
 */
export class ByteBudget {
  readonly limit: number;
  #used = 0;

  constructor(limit: number) {
    this.limit = limit;
  }

  /** Bytes that are taken now. */
  get used(): number {
    return this.#used;
  }

  /** Takes `bytes`; tells whether they were there. */
  take(bytes: number): boolean {
    if (this.#used + bytes > this.limit) return false;
    this.#used += bytes;
    return true;
  }

  /** Gives back what was taken. */
  give(bytes: number): void {
    this.#used -= bytes;
  }
}
