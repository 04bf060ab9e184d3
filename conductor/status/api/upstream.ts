import { z } from "zod";
import { PublicStatus, Status, StatusAnswer } from "../contract.ts";
import { type Clock, isoTime } from "../../../shared/clock.ts";
import { AppError, messageOf } from "../../../shared/errors.ts";
import { lastDay } from "../run_hours.ts";

const TIMEOUT_MS = 5000;
const MAX_BYTES = 1_048_576;

const Envelope = z.looseObject({
  ok: z.literal(true),
  data: z.looseObject({}),
});

/** What conductor says of itself. */
export interface Reading {
  /** `data` of `/v1/system/state`, as it came. */
  readonly state: Readonly<Record<string, unknown>>;
  /** The status that conductor gives, or what its state tells of it. */
  readonly status: Status | PublicStatus;
}

/** Reads conductor for the wrapper; requests that overlap share one reading. */
export class Upstream {
  readonly base: URL;
  readonly #clock: Clock;
  #reading: Promise<Reading> | undefined;

  constructor(base: URL, clock: Clock) {
    this.base = base;
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
      this.#get("/v1/system/state"),
      this.#get("/v1/status").then(
        (data) => StatusAnswer.safeParse(data).data,
        // An older conductor has its state only.
        () => undefined,
      ),
    ]);
    return { state, status: status ?? this.#fromState(state) };
  }

  async #get(path: string): Promise<Readonly<Record<string, unknown>>> {
    const { origin } = this.base;
    let response: Response;
    let text: string;
    try {
      response = await fetch(new URL(path, this.base), {
        redirect: "error",
        headers: { accept: "application/json" },
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      text = await readText(response);
    } catch (cause) {
      if (cause instanceof DOMException && cause.name === "TimeoutError") {
        throw new AppError(
          "UPSTREAM_TIMEOUT",
          `Cannot read conductor at ${origin}: it did not answer in time`,
          { cause },
        );
      }
      throw new AppError(
        "UPSTREAM_FAILED",
        `Cannot read conductor at ${origin}: ${reasonOf(cause)}`,
        { cause },
      );
    }
    const envelope = Envelope.safeParse(jsonOrUndefined(text));
    if (envelope.success) return envelope.data.data;
    throw new AppError(
      "UPSTREAM_FAILED",
      `Cannot read conductor at ${origin}: it answers ${path} with ${response.status}`,
      { details: { status: response.status } },
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
  codexd: shape.codexd.catch(null),
  browser: shape.browser.catch(null),
  disk: shape.disk.catch(null),
  versions: shape.versions.catch({ conductor: "unknown", deno: "unknown" }),
});

/** A stranger at conductor's address must not fill the wrapper's memory. */
async function readText(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > MAX_BYTES) throw new Error("its answer is too long");
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

function jsonOrUndefined(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The system's words say more than "fetch failed", and less than its addresses. */
function reasonOf(thrown: unknown): string {
  const cause = thrown instanceof Error && thrown.cause instanceof Error
    ? thrown.cause
    : thrown;
  const message = messageOf(cause);
  return /refused/i.test(message) ? "nothing listens there" : message;
}
