import type { Clock, Timer } from "../clock.ts";

/**
 * Deadlines of one length for many short waits. One timer serves them all: a
 * timer of its own costs more than most of what waits.
 */
export class Deadlines {
  readonly #clock: Clock;
  readonly #ms: number;
  /** In order of their time, since all have the same length. */
  readonly #waiting = new Set<Waiting>();
  #timer: Timer | undefined;

  constructor(clock: Clock, ms: number) {
    this.#clock = clock;
    this.#ms = ms;
  }

  /** Settles as `work` does, or rejects with what `late` makes when time is up. */
  within<T>(work: Promise<T>, late: () => Error): Promise<T> {
    return new Promise((resolve, reject) => {
      const waiting: Waiting = {
        at: this.#clock.monotonic() + this.#ms,
        onLate: () => reject(late()),
      };
      this.#waiting.add(waiting);
      this.#timer ??= this.#clock.after(this.#ms, () => this.#fire());
      work.then(
        (value) => {
          this.#forget(waiting);
          resolve(value);
        },
        (error) => {
          this.#forget(waiting);
          reject(error);
        },
      );
    });
  }

  /** Ends at once the waits that have lasted `ms` already. */
  hurry(ms: number): void {
    const begun = this.#clock.monotonic() - ms;
    for (const waiting of this.#waiting) {
      if (waiting.at - this.#ms > begun) return;
      this.#forget(waiting);
      waiting.onLate();
    }
  }

  #forget(waiting: Waiting): void {
    this.#waiting.delete(waiting);
    if (this.#waiting.size > 0) return;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #fire(): void {
    const now = this.#clock.monotonic();
    this.#timer = undefined;
    for (const waiting of this.#waiting) {
      if (waiting.at > now) {
        this.#timer = this.#clock.after(waiting.at - now, () => this.#fire());
        return;
      }
      this.#waiting.delete(waiting);
      waiting.onLate();
    }
  }
}

interface Waiting {
  readonly at: number;
  readonly onLate: () => void;
}
