import { type Clock, isoTime } from "../../../shared/clock.ts";
import { AppError } from "../../../shared/errors.ts";
import { sleep } from "../../../shared/wait.ts";
import type { BrowserView } from "../http_schemas.ts";
import { Breaker } from "./breaker.ts";

/** How much longer than `spacingMs` a gap may be, as a part of it. */
const JITTER = 0.5;

/** Who would have to wait longer than this for its turn is told to come back. */
const LONGEST_WAIT_MS = 2_000;

/** Platforms that are remembered; those at rest are forgotten first. */
const MAX_GATES = 256;

/** Keeps automation from hammering a logged-in account. */
export class Policy {
  readonly limits: PolicyLimits;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #gates = new Map<string, Gate>();

  constructor(
    limits: PolicyLimits,
    ports: { readonly clock: Clock; readonly random: () => number },
  ) {
    this.limits = limits;
    this.#clock = ports.clock;
    this.#random = ports.random;
  }

  /**
   * Waits for `platform`'s turn, as long as that is short.
   * @throws {AppError} TOO_MANY_REQUESTS with the seconds to wait.
   */
  async admit(platform: string, signal: AbortSignal): Promise<Permit> {
    const gate = this.#gate(platform);
    const { breaker } = gate;
    if (breaker.waitMs > 0) {
      throw this.#refusal(platform, "circuit_open", breaker.waitMs);
    }
    if (gate.inFlight >= this.limits.maxInFlight) {
      throw this.#refusal(platform, "too_many_in_flight", 1_000);
    }
    const now = this.#clock.monotonic();
    const wait = Math.max(0, gate.nextAt - now);
    if (wait > LONGEST_WAIT_MS) {
      throw this.#refusal(platform, "too_soon", wait);
    }
    const gap = this.limits.spacingMs * (1 + JITTER * this.#random());
    gate.nextAt = now + wait + gap;
    gate.inFlight += 1;
    const tries = breaker.started();
    let held = true;
    const permit: Permit = {
      release: (ok, answeredBy = platform) => {
        if (!held) return;
        held = false;
        gate.inFlight -= 1;
        const isOwn = answeredBy === platform;
        breaker.ended(isOwn ? ok : undefined, tries);
        if (!isOwn) this.#gate(answeredBy).breaker.ended(ok, false);
      },
    };
    if (wait > 0) await sleep(this.#clock, wait, signal);
    return permit;
  }

  /** The platforms to which nothing may be sent now. */
  refusing(): string[] {
    const now = this.#clock.monotonic();
    return [...this.#gates].filter(([, { breaker, inFlight, nextAt }]) =>
      breaker.waitMs > 0 || inFlight >= this.limits.maxInFlight ||
      nextAt - now > LONGEST_WAIT_MS
    ).map(([platform]) => platform);
  }

  /** As `GET /v1/browser` shows it. */
  view(): BrowserView["policy"]["platforms"] {
    const now = this.#clock.monotonic();
    return [...this.#gates].map((
      [platform, { breaker, inFlight, nextAt }],
    ) => ({
      platform,
      in_flight: inFlight,
      failures_in_a_row: breaker.failures,
      breaker: breaker.state,
      breaker_until: this.#timeIn(breaker.waitMs),
      next_request_at: this.#timeIn(nextAt - now),
      retry_after_ms: Math.ceil(breaker.waitMs),
    }));
  }

  /** When a limit that holds for so long ends; null: it does not hold. */
  #timeIn(waitMs: number): string | null {
    return waitMs > 0 ? isoTime(this.#clock.now() + waitMs) : null;
  }

  #refusal(platform: string, reason: string, waitMs: number): AppError {
    const seconds = Math.max(1, Math.ceil(waitMs / 1000));
    return new AppError(
      "TOO_MANY_REQUESTS",
      `Cannot send to "${platform}" now: ${reason.replaceAll("_", " ")}`,
      {
        details: {
          platform,
          reason,
          retry_after_ms: Math.ceil(waitMs),
          until: this.#timeIn(waitMs),
        },
        headers: { "retry-after": String(seconds) },
        hint: "GET /v1/browser shows each limit under policy.platforms.",
      },
    );
  }

  #gate(platform: string): Gate {
    const known = this.#gates.get(platform);
    if (known !== undefined) return known;
    if (this.#gates.size >= MAX_GATES) this.#forgetIdle();
    const gate: Gate = {
      breaker: new Breaker(this.#clock, this.limits.breakerFailures),
      inFlight: 0,
      nextAt: -Infinity,
    };
    this.#gates.set(platform, gate);
    return gate;
  }

  /** Drops what is at rest; a host that only ever failed is no reason to grow. */
  #forgetIdle(): void {
    const idle = [...this.#gates].filter(([, gate]) => gate.inFlight === 0);
    const atRest = idle.filter(([, { breaker }]) => breaker.state === "closed");
    const chosen = atRest.length > 0 ? atRest : idle.slice(0, 1);
    for (const [platform] of chosen) this.#gates.delete(platform);
  }
}

/** The numbers of the policy, the same for every platform. */
export interface PolicyLimits {
  readonly maxInFlight: number;
  /** Least milliseconds between two requests, before jitter. */
  readonly spacingMs: number;
  /** Failures in a row that open the breaker. */
  readonly breakerFailures: number;
}

/** The right to send one request; given back when the request is over. */
export interface Permit {
  /**
   * `ok`: what it said of the site; undefined: nothing. `answeredBy`: the
   * platform that a redirect led to. Harmless twice.
   */
  release(ok?: boolean, answeredBy?: string): void;
}

interface Gate {
  readonly breaker: Breaker;
  inFlight: number;
  /** When the next request may start, on the monotonic clock. */
  nextAt: number;
}

/** Tells whether an answer of a site counts as a failure of the platform. */
export function isSiteFailure(status: number): boolean {
  return status === 401 || status === 403 || status === 429 || status >= 500;
}
