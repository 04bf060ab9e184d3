import type { Clock } from "../shared/clock.ts";
import { AppError } from "../shared/errors.ts";

/** Limits how many operations run at once. */
export class Slots {
  readonly #options: SlotsOptions;
  readonly #waiting = new Set<() => void>();
  #taken = 0;

  constructor(options: SlotsOptions) {
    this.#options = options;
  }

  /**
   * Takes a slot, waiting briefly for one. Returns what gives it back.
   *
   * @throws {AppError} `TOO_MANY_REQUESTS` when none becomes free in time.
   */
  async enter(signal: AbortSignal): Promise<() => void> {
    if (this.#taken < this.#options.size) this.#taken += 1;
    else await this.#wait(signal);
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
    if (next === undefined) this.#taken -= 1;
    else next();
  }

  #wait(signal: AbortSignal): Promise<void> {
    const { mostWaiting, waitMs, clock } = this.#options;
    return new Promise((resolve, reject) => {
      if (this.#waiting.size >= mostWaiting || signal.aborted) {
        return reject(this.#refusal());
      }
      const timer = clock.after(waitMs, refuse);
      signal.addEventListener("abort", refuse, { once: true });
      const leave = () => {
        timer.cancel();
        signal.removeEventListener("abort", refuse);
        this.#waiting.delete(admit);
      };
      const admit = () => {
        leave();
        resolve();
      };
      const refusal = this.#refusal();
      function refuse() {
        leave();
        reject(refusal);
      }
      this.#waiting.add(admit);
    });
  }

  #refusal(): AppError {
    return new AppError(
      "TOO_MANY_REQUESTS",
      `Cannot run the command now: ${this.#options.size} are running`,
      { headers: { "retry-after": "1" } },
    );
  }
}

export interface SlotsOptions {
  /** How many may be taken at once. */
  readonly size: number;
  /** How many may wait. */
  readonly mostWaiting: number;
  /** Milliseconds that one may wait. */
  readonly waitMs: number;
  readonly clock: Clock;
}
