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

  take(bytes: number): boolean {
    if (this.#used + bytes > this.limit) return false;
    this.#used += bytes;
    return true;
  }

  /** Gives back what was taken. */
  give(bytes: number): void {
    this.#used -= bytes;
  }

  /**
   * Gives back what a result has taken once it is passed on, which `hold` is
   * told how to say; without it, and for a small result, at once.
   */
  giveWhenPassedOn(bytes: number, hold: Hold | undefined): void {
    if (hold === undefined || bytes < LEAST_HELD_BYTES) return this.give(bytes);
    let held = bytes;
    hold(() => {
      this.give(held);
      held = 0;
    });
  }
}

/** Takes what is to be called, once or more, when a result is passed on. */
export type Hold = (release: () => void) => void;

/** Smaller results pass on quickly. */
export const LEAST_HELD_BYTES = 65_536;
