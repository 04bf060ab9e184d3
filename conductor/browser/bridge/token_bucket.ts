import type { Clock } from "../../../shared/clock.ts";

/** Allows bursts of events, and a steady rate after them. */
export class TokenBucket {
  readonly #clock: Clock;
  readonly #burst: number;
  readonly #perMs: number;
  #tokens: number;
  #filledAt: number;

  constructor(
    clock: Clock,
    rate: { readonly burst: number; readonly perSecond: number },
  ) {
    this.#clock = clock;
    this.#burst = rate.burst;
    this.#perMs = rate.perSecond / 1000;
    this.#tokens = rate.burst;
    this.#filledAt = clock.monotonic();
  }

  /** Takes one token; false when there is none. */
  take(): boolean {
    const now = this.#clock.monotonic();
    const grown = this.#tokens + (now - this.#filledAt) * this.#perMs;
    this.#tokens = Math.min(this.#burst, grown);
    this.#filledAt = now;
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }
}
