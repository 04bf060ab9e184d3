import type { Clock } from "../shared/clock.ts";
import { AppError } from "../shared/errors.ts";
import { sleep } from "../shared/wait.ts";

/** Limits how many operations run at once. */
export class Slots {
  readonly #options: SlotsOptions;
  /** Each is aborted when its turn comes. */
  readonly #waiting = new Set<AbortController>();
  #taken = 0;

  constructor(options: SlotsOptions) {
    this.#options = options;
  }

  /** Whether who comes now has to wait. */
  get isFull(): boolean {
    return this.#taken >= this.#options.size;
  }

  /**
   * Takes a slot, waiting briefly for one. Returns what gives it back.
   *
   * @throws {AppError} `TOO_MANY_REQUESTS` when none becomes free in time.
   */
  async enter(signal: AbortSignal): Promise<() => void> {
    if (!this.isFull) this.#taken += 1;
    else await this.#wait(signal);
    return this.#giver();
  }

  /** Takes a slot for what runs already, also beyond the limit. */
  claim(): () => void {
    this.#taken += 1;
    return this.#giver();
  }

  #giver(): () => void {
    let given = false;
    return () => {
      if (given) return;
      given = true;
      this.#next();
    };
  }

  /** The slot passes on without becoming free in between. */
  #next(): void {
    const [next] = this.#waiting;
    if (next === undefined || this.#taken > this.#options.size) {
      this.#taken -= 1;
      return;
    }
    this.#waiting.delete(next);
    next.abort();
  }

  async #wait(signal: AbortSignal): Promise<void> {
    const { mostWaiting, waitMs, clock } = this.#options;
    const turn = new AbortController();
    if (this.#waiting.size < mostWaiting) {
      this.#waiting.add(turn);
      await sleep(clock, waitMs, AbortSignal.any([signal, turn.signal]));
      this.#waiting.delete(turn);
    }
    if (turn.signal.aborted) return;
    throw new AppError(
      "TOO_MANY_REQUESTS",
      `Cannot run the command now: ${this.#options.size} are running`,
      { headers: { "retry-after": "1" } },
    );
  }
}

interface SlotsOptions {
  /** How many may be taken at once. */
  readonly size: number;
  /** How many may wait. */
  readonly mostWaiting: number;
  /** Milliseconds that one may wait. */
  readonly waitMs: number;
  readonly clock: Clock;
}
