import type { Clock } from "./clock.ts";

/** Resolves after `ms` milliseconds, or at once when `signal` aborts. Never rejects. */
export function sleep(
  clock: Clock,
  ms: number,
  signal?: AbortSignal,
): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const timer = clock.after(ms, done);
    function done() {
      timer.cancel();
      signal?.removeEventListener("abort", done);
      resolve();
    }
    signal?.addEventListener("abort", done, { once: true });
  });
}

/**
 * Tells whether `work` ends before the patience does; leaves nothing behind.
 * Rejects as `work` does, as long as it is waited for.
 */
export function within(
  work: Promise<unknown>,
  { ms, clock, signal }: Patience,
): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const leave = () => {
      timer?.cancel();
      signal?.removeEventListener("abort", giveUp);
    };
    const giveUp = () => {
      leave();
      resolve(false);
    };
    const timer = ms === undefined
      ? undefined
      : clock.after(Math.max(0, ms), giveUp);
    work.then(() => {
      leave();
      resolve(true);
    }, (reason) => {
      leave();
      reject(reason);
    });
    if (signal?.aborted) giveUp();
    else signal?.addEventListener("abort", giveUp, { once: true });
  });
}

/** What ends a wait that its work does not. */
interface Patience {
  readonly clock: Clock;
  readonly ms?: number | undefined;
  readonly signal?: AbortSignal;
}

/** How the pauses between attempts grow. */
interface Backoff {
  /** After the first failure; doubled at each further one. */
  readonly firstMs: number;
  readonly longestMs: number;
  /** From 0 to 1: shortens a pause by up to half, so that not all come at once. */
  readonly random?: () => number;
}

/** Returns how long to wait after the `failures`-th failure in a row. */
export function backoffMs(failures: number, backoff: Backoff): number {
  const { firstMs, longestMs, random } = backoff;
  const full = Math.min(firstMs * 2 ** Math.max(0, failures - 1), longestMs);
  return random === undefined ? full : Math.round(full * (0.5 + random() / 2));
}

/** Counts what is being done right now. */
export class InFlight {
  #count = 0;
  #onIdle: (() => void)[] = [];

  /** Counts `work` as running until it settles; returns it. */
  track<T>(work: Promise<T>): Promise<T> {
    this.#count++;
    const leave = () => {
      if (--this.#count > 0) return;
      for (const resolve of this.#onIdle.splice(0)) resolve();
    };
    work.then(leave, leave);
    return work;
  }

  get isIdle(): boolean {
    return this.#count === 0;
  }

  /** Resolves when nothing runs. */
  idle(): Promise<void> {
    if (this.#count === 0) return Promise.resolve();
    return new Promise((resolve) => this.#onIdle.push(resolve));
  }
}
