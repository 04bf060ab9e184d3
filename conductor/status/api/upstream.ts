import { z } from "zod";
import { PublicStatus, Status, StatusAnswer } from "../contract.ts";
import { type Clock, isoTime } from "../../../shared/clock.ts";
import { AppError, ERRORS, messageOf } from "../../../shared/errors.ts";
import { ApiClient, contract } from "../../../shared/http/mod.ts";
import { lastDay } from "../run_hours.ts";

const TIMEOUT_MS = 5000;
const MAX_BYTES = 1_048_576;

const read = {
  method: "GET",
  kind: "read",
  surface: "business",
  exposure: "public",
  scope: "none",
  errors: ["UPSTREAM_FAILED", "UPSTREAM_TIMEOUT"],
  example: {},
} as const;

/** What conductor is asked for; the wrapper answers the same. */
export const STATUS = contract({
  ...read,
  id: "status.get",
  path: "/v1/status",
  summary: "Read conductor's status",
  data: StatusAnswer,
});

/** The same, of a state of any age. */
export const STATE = contract({
  ...read,
  id: "system.state",
  path: "/v1/system/state",
  summary: "Read conductor's state as conductor gives it",
  data: z.looseObject({}),
});

/** What conductor says of itself. */
interface Reading {
  /** `data` of `/v1/system/state`, as it came. */
  readonly state: Readonly<Record<string, unknown>>;
  /** The status that conductor gives, or what its state tells of it. */
  readonly status: Status | PublicStatus;
}

/** Reads conductor for the wrapper; requests that overlap share one reading. */
export class Upstream {
  readonly base: URL;
  readonly #client: ApiClient;
  readonly #clock: Clock;
  #reading: Promise<Reading> | undefined;

  constructor(base: URL, clock: Clock) {
    this.base = base;
    this.#client = new ApiClient({
      base,
      unreachable: "UPSTREAM_FAILED",
      timeoutMs: TIMEOUT_MS,
      maxAnswerBytes: MAX_BYTES,
      clock,
    });
    this.#clock = clock;
  }

  /**
   * Asks conductor.
   * @throws {AppError} `UPSTREAM_FAILED` or `UPSTREAM_TIMEOUT`
   */
  read(): Promise<Reading> {
    this.#reading ??= this.#read().finally(() => this.#reading = undefined);
    return this.#reading;
  }

  async #read(): Promise<Reading> {
    const [state, status] = await Promise.all([
      this.#client.request(STATE, {}).catch((error) => {
        throw this.#failure(error);
      }),
      // An older conductor has its state only.
      this.#client.request(STATUS, {}).catch(() => undefined),
    ]);
    return { state, status: status ?? this.#fromState(state) };
  }

  /** What went wrong, with where conductor is asked. */
  #failure(cause: unknown): unknown {
    if (!(cause instanceof AppError)) return cause;
    const isLate = cause.code === "UPSTREAM_TIMEOUT";
    const ownFailure = cause.code === "UPSTREAM_FAILED"
      ? undefined
      : ERRORS[cause.code].status;
    const status = cause.details?.status ?? ownFailure;
    const reason = isLate
      ? "it did not answer in time"
      : status === undefined
      ? reasonOf(cause.cause ?? cause)
      : `it answers ${STATE.path} with ${status}`;
    return new AppError(
      isLate ? cause.code : "UPSTREAM_FAILED",
      `Cannot read conductor at ${this.base.origin}: ${reason}`,
      { cause, ...(status !== undefined && { details: { status } }) },
    );
  }

  #fromState(state: Readonly<Record<string, unknown>>): Status {
    const now = this.#clock.now();
    return StateOfAnyAge.parse({
      ...state,
      at: isoTime(now),
      runs: lastDay([], now),
      degraded: ["this conductor has no /v1/status: its state only is shown"],
    });
  }
}

const { shape } = Status;

/** A status made of what a state has; the rest is honestly empty. */
const StateOfAnyAge = z.object({
  ...shape,
  mode: shape.mode.catch("unknown"),
  health: shape.health.catch("degraded"),
  version: shape.version.catch("unknown"),
  uptime_ms: shape.uptime_ms.catch(0),
  who_may: shape.who_may.catch("unknown"),
  ready: shape.ready.catch(true),
  reasons: shape.reasons.catch([]),
  automation: z.object(shape.automation.unwrap().shape).nullable().catch(null),
  drained: shape.drained.catch(false),
  node: z.object(shape.node.shape).catch({
    controller_id: "unknown",
    host: "unknown",
    role: "standby",
  }),
  leader: z.object(shape.leader.unwrap().shape).nullable().catch(null),
  queue: z.object(shape.queue.shape).catch({
    active_runs: 0,
    queued_tasks: 0,
  }),
  active_runs: shape.active_runs.catch([]),
  last_errors: shape.last_errors.catch([]),
  schedules: shape.schedules.catch(null),
  codexd: shape.codexd.catch(null),
  browser: shape.browser.catch(null),
  disk: shape.disk.catch(null),
  backup: shape.backup.catch(null),
  descriptors: shape.descriptors.catch(null),
  process_groups: shape.process_groups.catch(null),
  notifications: shape.notifications.catch(null),
  versions: shape.versions.catch({ conductor: "unknown", deno: "unknown" }),
});

/** The system's words say more than "fetch failed", and less than its addresses. */
function reasonOf(thrown: unknown): string {
  const cause = thrown instanceof Error && thrown.cause instanceof Error
    ? thrown.cause
    : thrown;
  const message = messageOf(cause).replace("Cannot use the upstream: ", "");
  return /refused/i.test(message) ? "nothing listens there" : message;
}
