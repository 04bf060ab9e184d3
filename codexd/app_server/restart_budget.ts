import type { Clock } from "../../shared/clock.ts";
import { backoffMs } from "../../shared/wait.ts";

const WINDOW_MS = 60_000;
/** Before the first restart; doubled at each further one. */
const FIRST_MS = 200;
/** When the budget is used up. */
const COOLDOWN_MS = 30_000;

/** Counts unwanted ends in a sliding window and says when the next start may be. */
export class RestartBudget {
  readonly #options: RestartBudgetOptions;
  #ends: number[] = [];

  constructor(options: RestartBudgetOptions) {
    this.#options = options;
  }

  /**
   * Takes note of an unwanted end. `exhausted`: the budget is used up, so this
   * is not a mishap but a fault.
   */
  next(): { readonly delayMs: number; readonly exhausted: boolean } {
    const { clock, random = Math.random, maxRestarts = 5 } = this.#options;
    const now = clock.monotonic();
    this.#ends = this.#ends.filter((at) => now - at < WINDOW_MS);
    this.#ends.push(now);
    const count = this.#ends.length;
    const exhausted = count > maxRestarts;
    const delayMs = backoffMs(exhausted ? 1 : count, {
      firstMs: exhausted ? COOLDOWN_MS : FIRST_MS,
      longestMs: COOLDOWN_MS,
      random,
    });
    return { delayMs, exhausted };
  }
}

interface RestartBudgetOptions {
  readonly clock: Clock;
  /** From 0 to 1: spreads restarts. Default `Math.random`. */
  readonly random?: () => number;
  /** Restarts within the window. Default 5. */
  readonly maxRestarts?: number;
}
