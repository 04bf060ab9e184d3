import type { Clock } from "../../../shared/clock.ts";

const FIRST_PAUSE_MS = 30_000;
const LONGEST_PAUSE_MS = 600_000;

/**
 * A circuit breaker: after so many failures in a row nothing passes for a
 * while; then one request tries, and its end decides. Each opening lasts
 * twice as long as the one before, up to ten minutes.
 */
export class Breaker {
  readonly #clock: Clock;
  readonly #threshold: number;
  #failures = 0;
  #pauseMs = FIRST_PAUSE_MS;
  #openUntil: number | undefined;
  #trying = false;

  constructor(clock: Clock, threshold: number) {
    this.#clock = clock;
    this.#threshold = threshold;
  }

  get failures(): number {
    return this.#failures;
  }

  get state(): "closed" | "open" | "half_open" {
    if (this.#openUntil === undefined) return "closed";
    return this.waitMs > 0 ? "open" : "half_open";
  }

  /** Milliseconds until a request may pass; 0: one may now. */
  get waitMs(): number {
    if (this.#openUntil === undefined) return 0;
    const left = Math.max(0, this.#openUntil - this.#clock.monotonic());
    return left === 0 && this.#trying ? FIRST_PAUSE_MS : left;
  }

  /** Notes that a request starts; returns whether it is the one that tries. */
  started(): boolean {
    if (this.#openUntil === undefined) return false;
    this.#trying = true;
    return true;
  }

  /** Notes how a request ended; `undefined`: it says nothing about the site. */
  ended(ok: boolean | undefined, tried: boolean): void {
    if (tried) this.#trying = false;
    if (ok === undefined) return;
    if (ok) {
      this.#failures = 0;
      this.#openUntil = undefined;
      this.#pauseMs = FIRST_PAUSE_MS;
      return;
    }
    this.#failures += 1;
    if (tried) this.#pauseMs = Math.min(this.#pauseMs * 2, LONGEST_PAUSE_MS);
    if (tried || this.#failures >= this.#threshold) {
      this.#openUntil = this.#clock.monotonic() + this.#pauseMs;
    }
  }
}
