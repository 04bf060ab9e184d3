import type { Clock, Timer } from "./clock.ts";

/**
 * Calls that wait for an answer from the other side. Every one ends: by its
 * answer, its failure, its time, its signal, or by {@linkcode PendingCalls.failAll}
 * when the other side is gone.
 */
export class PendingCalls<Id, T> {
  readonly #clock: Clock;
  readonly #waiting = new Map<Id, Waiting<T>>();
  #gone: Error | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** How many calls wait. */
  get size(): number {
    return this.#waiting.size;
  }

  /**
   * Returns the answer to the call `id`, once it is settled.
   * @throws {Error} that failed it; at once when the other side is gone already
   */
  wait(id: Id, options: PendingOptions = {}): Promise<T> {
    if (this.#gone !== undefined) return Promise.reject(this.#gone);
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const { timeoutMs, onTimeout, signal } = options;
    const abort = () => {
      this.fail(id, asError(signal?.reason));
    };
    const timer: Timer | undefined = timeoutMs === undefined
      ? undefined
      : this.#clock.after(timeoutMs, () => {
        this.fail(
          id,
          onTimeout?.() ?? new Error(`No answer within ${timeoutMs} ms`),
        );
      });
    this.#waiting.set(id, {
      resolve,
      reject,
      forget() {
        timer?.cancel();
        signal?.removeEventListener("abort", abort);
      },
    });
    if (signal?.aborted) abort();
    else signal?.addEventListener("abort", abort, { once: true });
    return promise;
  }

  /** Answers a call; false when none waits under this id (any more). */
  settle(id: Id, value: T): boolean {
    const call = this.#take(id);
    call?.resolve(value);
    return call !== undefined;
  }

  /** Fails a call; false when none waits under this id (any more). */
  fail(id: Id, reason: Error): boolean {
    const call = this.#take(id);
    call?.reject(reason);
    return call !== undefined;
  }

  /** Fails every call that waits, and every later one, with `reason`. */
  failAll(reason: Error): void {
    this.#gone ??= reason;
    for (const id of [...this.#waiting.keys()]) this.fail(id, reason);
  }

  #take(id: Id): Waiting<T> | undefined {
    const call = this.#waiting.get(id);
    this.#waiting.delete(id);
    call?.forget();
    return call;
  }
}

interface Waiting<T> {
  readonly resolve: (value: T) => void;
  readonly reject: (reason: Error) => void;
  readonly forget: () => void;
}

/** How long one call may wait, and what ends it. */
interface PendingOptions {
  /** Milliseconds; none: it waits until something else ends it. */
  readonly timeoutMs?: number;
  /** What the call fails with when the time is up. */
  readonly onTimeout?: () => Error;
  /** Ends the wait with the signal's reason. */
  readonly signal?: AbortSignal;
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason));
}
