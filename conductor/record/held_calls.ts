import type { Clock } from "../../shared/clock.ts";
import { AppError } from "../../shared/errors.ts";
import { sleep } from "../../shared/wait.ts";
import type { ChangeFeed } from "./change_feed.ts";

/** Calls that are held at once in the whole daemon. */
const MAX_HELD = 64;

/** However much is written, each of them looks no more often than this. */
const PAUSE_MS = 20;

/**
 * Holds the answers of calls until there is something to say: they are woken by
 * what is written, and let go of when the time is over, the caller has gone or
 * the daemon stops.
 */
export class HeldCalls {
  readonly #feed: Pick<ChangeFeed, "wait">;
  readonly #clock: Clock;
  readonly #quiet = new AbortController();
  #held = 0;

  constructor(feed: Pick<ChangeFeed, "wait">, clock: Clock) {
    this.#feed = feed;
    this.#clock = clock;
  }

  /** Aborts when the daemon stops: who holds a call by himself answers then. */
  get stopped(): AbortSignal {
    return this.#quiet.signal;
  }

  /**
   * Takes a place for a call that may wait, until it is disposed.
   * @throws {AppError} `TOO_MANY_REQUESTS` when too many are held
   */
  enter(): Disposable {
    if (this.#held >= MAX_HELD) {
      throw new AppError(
        "TOO_MANY_REQUESTS",
        `Cannot hold the answer: ${MAX_HELD} calls are held already; ask without wait_ms`,
        { headers: { "retry-after": "5" } },
      );
    }
    this.#held++;
    return { [Symbol.dispose]: () => void this.#held-- };
  }

  /**
   * Returns what `read` gives as soon as that is `ready`, at the latest after
   * `waitMs`.
   * @throws {AppError} what `read` throws; `TOO_MANY_REQUESTS` when it would
   * have to wait, has no `place` and too many are held
   */
  async until<T>(
    read: () => T,
    { ready, waitMs, signal, place }: HoldOptions<T>,
  ): Promise<T> {
    let it = read();
    if (waitMs === 0 || ready(it)) return it;
    using _ = place === undefined ? this.enter() : undefined;
    const over = new AbortController();
    const timer = this.#clock.after(waitMs, () => over.abort());
    const end = AbortSignal.any([signal, over.signal, this.#quiet.signal]);
    try {
      let next = 0;
      while (!end.aborted && !ready(it)) {
        await this.#feed.wait(end);
        const left = next - this.#clock.monotonic();
        if (left > 0) await sleep(this.#clock, left, end);
        it = read();
        next = this.#clock.monotonic() + PAUSE_MS;
      }
      return it;
    } finally {
      timer.cancel();
    }
  }

  /** Answers all that are held with what there is, and holds none any more. */
  quiesce(): void {
    this.#quiet.abort();
  }
}

interface HoldOptions<T> {
  readonly ready: (it: T) => boolean;
  readonly waitMs: number;
  /** Aborts when the caller has gone. */
  readonly signal: AbortSignal;
  /** What `enter` gave; by default it takes one while it waits. */
  readonly place?: Disposable | undefined;
}
