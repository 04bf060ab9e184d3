import {
  CODEXD_EVENTS_PATH,
  codexdHealthz,
  type CodexdStatus,
  codexdStatus,
  listSessions,
  openSession,
  readSession,
  runTurn,
  type SessionAnswer,
  type SessionDetail,
  type SessionList,
  type SessionRequest,
  type TurnAnswer,
  type TurnRequest,
} from "../../shared/contracts/mod.ts";
import { AppError, type ErrorCode } from "../../shared/errors.ts";
import type { ApiClient, CallOptions } from "../../shared/http/mod.ts";
import type { PageRequest } from "../../shared/page.ts";

/** What a caller of conductor's gave along. */
export interface Forwarded {
  readonly signal?: AbortSignal;
  readonly requestId?: string;
  /** The caller's `Idempotency-Key`. */
  readonly key?: string | undefined;
}

/** A timer cannot wait longer. */
const MAX_WAIT_MS = 2_147_483_647;
/** Beyond what codexd itself waits. */
const SLACK_MS = 30_000;

/** Refusals that are about conductor, not about its caller. */
const OURS: readonly ErrorCode[] = [
  "UNAUTHORIZED",
  "HOST_NOT_ALLOWED",
  "ORIGIN_NOT_ALLOWED",
  "NOT_EXPOSED",
  "ROUTE_NOT_FOUND",
  "METHOD_NOT_ALLOWED",
];

/** codexd, by the contracts that it serves. */
export class CodexdApi {
  readonly base: URL;
  readonly #client: ApiClient;
  readonly #token: string | undefined;

  constructor(
    client: ApiClient,
    options: { readonly base: URL; readonly token: string | undefined },
  ) {
    this.#client = client;
    this.base = options.base;
    this.#token = options.token;
  }

  /** Resolves when codexd serves. */
  async probe(options: CallOptions = {}): Promise<void> {
    await asked(this.#client.request(codexdHealthz, {}, options));
  }

  status(options: CallOptions = {}): Promise<CodexdStatus> {
    return asked(this.#client.request(codexdStatus, {}, options));
  }

  sessions(query: PageRequest, by: Forwarded = {}): Promise<SessionList> {
    return asked(
      this.#client.request(
        listSessions,
        { query: asText(query) },
        passedOn(by),
      ),
    );
  }

  session(
    sessionId: string,
    query: PageRequest,
    by: Forwarded = {},
  ): Promise<SessionDetail> {
    const params = { session_id: sessionId };
    return asked(
      this.#client.request(
        readSession,
        { params, query: asText(query) },
        passedOn(by),
      ),
    );
  }

  openSession(
    body: SessionRequest,
    by: Forwarded = {},
  ): Promise<SessionAnswer> {
    return asked(this.#client.request(openSession, { body }, passedOn(by)));
  }

  /** Waits for as long as the request itself does. */
  turn(body: TurnRequest, by: Forwarded = {}): Promise<TurnAnswer> {
    const waitMs = body.wait ? body.timeout_ms ?? MAX_WAIT_MS : 0;
    const timeoutMs = Math.min(waitMs + SLACK_MS, MAX_WAIT_MS);
    const options = { ...passedOn(by), timeoutMs };
    return asked(this.#client.request(runTurn, { body }, options));
  }

  /** Opens the event stream behind `after`. */
  openEvents(
    query: {
      readonly after?: number | undefined;
      readonly session_id?: string | undefined;
    },
  ): WebSocket {
    const url = new URL(CODEXD_EVENTS_PATH, this.base);
    url.protocol = this.base.protocol.replace("http", "ws");
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined) url.searchParams.set(name, String(value));
    }
    return new WebSocket(url, {
      headers: this.#token === undefined
        ? {}
        : { authorization: `Bearer ${this.#token}` },
    });
  }
}

function asText({ limit, cursor }: PageRequest) {
  return { limit: String(limit), ...(cursor === undefined ? {} : { cursor }) };
}

function passedOn({ signal, requestId, key }: Forwarded): CallOptions {
  return {
    ...(signal !== undefined && { signal }),
    ...(requestId !== undefined && { requestId }),
    ...(key !== undefined && { headers: { "idempotency-key": key } }),
  };
}

/** Keeps codexd's failures, but for those that would blame the caller for conductor. */
async function asked<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    if (!(error instanceof AppError) || !OURS.includes(error.code)) throw error;
    throw new AppError(
      "UPSTREAM_FAILED",
      `Cannot use codexd: it refuses conductor with ${error.code}`,
      { cause: error, details: { code: error.code, message: error.message } },
    );
  }
}
