import type { Clock } from "../clock.ts";
import { AppError } from "../errors.ts";

const WINDOW_MS = 60_000;
const MAX_FAILURES = 10;
const MAX_ADDRESSES = 10_000;

interface Failures {
  /** When the latest wrong tokens came, oldest first; at most `MAX_FAILURES`. */
  times: number[];
  lockedUntil: number;
}

/**
 * Counts wrong tokens by address: ten within a minute lock the address's wrong
 * and missing tokens out for a minute. The right token is never asked about.
 */
export class Lockout {
  readonly #clock: Clock;
  readonly #byAddress = new Map<string, Failures>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Notes a wrong token. */
  fail(address: string): void {
    const now = this.#clock.monotonic();
    const failures = this.#byAddress.get(address) ??
      { times: [], lockedUntil: 0 };
    // The address that was quiet the longest is the first to be forgotten.
    this.#byAddress.delete(address);
    this.#byAddress.set(address, failures);
    if (this.#byAddress.size > MAX_ADDRESSES) {
      const [oldest = ""] = this.#byAddress.keys();
      this.#byAddress.delete(oldest);
    }
    if (failures.lockedUntil > now) return;
    failures.times = failures.times.filter((it) => now - it < WINDOW_MS);
    failures.times.push(now);
    if (failures.times.length < MAX_FAILURES) return;
    failures.lockedUntil = now + WINDOW_MS;
  }

  /** How many seconds the address is still locked out; 0 when it is not. */
  secondsLeft(address: string): number {
    const until = this.#byAddress.get(address)?.lockedUntil ?? 0;
    return Math.max(0, Math.ceil((until - this.#clock.monotonic()) / 1000));
  }
}

/** The refusal of who needs a token and has none that is known, by how long its address is locked out. */
export function tokenRefusal(lockedSeconds: number): AppError {
  return lockedSeconds === 0
    ? new AppError("UNAUTHORIZED", undefined, {
      headers: { "www-authenticate": "Bearer" },
    })
    : new AppError(
      "TOO_MANY_REQUESTS",
      "Cannot answer now: too many wrong tokens came from this address",
      {
        headers: { "retry-after": String(lockedSeconds) },
        details: { locked_seconds: lockedSeconds },
      },
    );
}
