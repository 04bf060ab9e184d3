import type { Clock } from "./clock.ts";

/** Two clocks are never read at the very same moment. */
const LEAST_MS = 20;

/** Sees by how much the clock of the wall was set back. */
export class SetBack {
  readonly #clock: Clock;
  /** The wall clock beside the one that never jumps, when it was looked at last. */
  #offset: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#offset = this.#now();
  }

  /** Begins anew: what was before does not count. */
  reset(): void {
    this.#offset = this.#now();
  }

  /**
   * Calls `action` with how many milliseconds the clock was set back since it was
   * looked at last, if it was; when that throws, again the next time.
   */
  notice(action: (ms: number) => void): void {
    const offset = this.#now();
    const back = Math.round(this.#offset - offset);
    if (back > 0 && back < LEAST_MS) return;
    if (back > 0) action(back);
    this.#offset = offset;
  }

  #now(): number {
    return this.#clock.now() - this.#clock.monotonic();
  }
}
