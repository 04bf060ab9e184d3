import type { Clock } from "../../shared/clock.ts";
import { backoffMs } from "../../shared/wait.ts";

/** Counts unwanted ends in a sliding window and says when the next start may be. */
export class RestartBudget {
  readonly #options: Required<RestartBudgetOptions>;
  #ends: number[] = [];

  constructor(options: RestartBudgetOptions) {
    this.#options = {
      random: Math.random,
      maxRestarts: 5,
      windowMs: 60_000,
      baseMs: 200,
      cooldownMs: 30_000,
      ...options,
    };
  }

  /** Takes note of an unwanted end. */
  next(): Restart {
    const { clock, random, maxRestarts, windowMs, baseMs, cooldownMs } =
      this.#options;
    const now = clock.monotonic();
    this.#ends = this.#ends.filter((at) => now - at < windowMs);
    this.#ends.push(now);
    const count = this.#ends.length;
    const exhausted = count > maxRestarts;
    const delayMs = backoffMs(exhausted ? 1 : count, {
      firstMs: exhausted ? cooldownMs : baseMs,
      longestMs: cooldownMs,
      random,
    });
    return { delayMs, exhausted };
  }
}

/** How often the app-server may be started again, and how soon. */
interface RestartBudgetOptions {
  readonly clock: Clock;
  /** From 0 to 1: spreads restarts. Default `Math.random`. */
  readonly random?: () => number;
  /** Restarts within the window. Default 5. */
  readonly maxRestarts?: number;
  /** Default 60 000. */
  readonly windowMs?: number;
  /** Before the first restart; doubled at each further one. Default 200. */
  readonly baseMs?: number;
  /** After the budget is used up. Default 30 000. */
  readonly cooldownMs?: number;
}

/** When to start again. */
interface Restart {
  readonly delayMs: number;
  /** The budget is used up: this is not a mishap but a fault. */
  readonly exhausted: boolean;
}
