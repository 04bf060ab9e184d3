import type { z } from "zod";
import {
  ACTOR_HEADER,
  codexdEvents,
  type TurnRequest,
} from "../../shared/contracts/mod.ts";
import { AppError, type ErrorCode } from "../../shared/errors.ts";
import {
  ApiClient,
  type CallInput,
  type ClientOptions,
  type RequestOptions,
  type RouteContext,
  type RouteFacts,
  type Schema,
} from "../../shared/http/mod.ts";
import { idempotencyKeyOf } from "../../shared/idempotency.ts";
import { CodexdDoor, type DoorOptions } from "./codexd_door.ts";

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
  "SCOPE_REQUIRED",
  "ROUTE_NOT_FOUND",
  "METHOD_NOT_ALLOWED",
];

/** Where conductor has what codexd's hints name; the first that is found counts. */
const HERE = [
  ["approvals.items[] of GET /v1/codexd/status", "GET /v1/codex/approvals"],
  ["/v1/codexd/status", "/v1/codex"],
  ["/v1/codexd/", "/v1/codex/"],
] as const;

/** codexd, by the contracts that it serves. */
export class CodexdApi implements Disposable {
  readonly base: URL;
  readonly #client: ApiClient;
  readonly #door: CodexdDoor;

  constructor({ base, clock, ...door }: CodexdApiOptions) {
    this.base = base;
    this.#door = new CodexdDoor(door);
    this.#client = new ApiClient({
      base,
      ...(clock !== undefined && { clock }),
      fetch: this.#door.fetch,
      unreachable: "CODEXD_UNAVAILABLE",
    });
  }

  [Symbol.dispose](): void {
    this.#door[Symbol.dispose]();
  }

  /**
   * Calls a route. Failures are codexd's own, but for those that would blame
   * the caller for conductor; what they advise is said of conductor's routes.
   */
  async call<P extends `/${string}`, Q, B, D extends Schema>(
    contract: RouteFacts<P, Q, B, D>,
    input: CallInput<P, Q, B>,
    options: RequestOptions = {},
  ): Promise<z.output<D>> {
    try {
      return await this.#client.request(contract, input, options);
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      if (!OURS.includes(error.code)) throw withOwnRoutes(error);
      throw new AppError(
        "UPSTREAM_FAILED",
        `Cannot use codexd: it refuses conductor with ${error.code}`,
        { cause: error, details: { code: error.code, message: error.message } },
      );
    }
  }

  /** Passes a request of conductor's on, for as long as its caller waits. */
  relay<P extends `/${string}`, Q, B, D extends Schema>(
    contract: RouteFacts<P, Q, B, D>,
    request: Relayed,
  ): Promise<z.output<D>> {
    const { params, query, body, signal, requestId } = request;
    const input = { params, query, body } as unknown as CallInput<P, Q, B>;
    const key = contract.kind === "write"
      ? idempotencyKeyOf(request)
      : undefined;
    return this.call(contract, input, {
      signal,
      requestId,
      timeoutMs: patienceMs(body),
      headers: {
        [ACTOR_HEADER]: encodeURIComponent(request.actor),
        ...(key !== undefined && { "idempotency-key": key }),
      },
    });
  }

  /**
   * Opens the event stream behind `after`.
   * @throws {AppError} CODEXD_UNAVAILABLE with the reason
   */
  openEvents(
    query: {
      readonly after?: number | undefined;
      readonly session_id?: string | undefined;
      readonly types?: string | undefined;
    },
  ): WebSocket {
    const url = new URL(codexdEvents.path, this.base);
    url.protocol = this.base.protocol.replace("http", "ws");
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined) url.searchParams.set(name, String(value));
    }
    return new WebSocket(url, this.#door.enter());
  }
}

interface CodexdApiOptions extends Pick<ClientOptions, "clock">, DoorOptions {
  /** By which name codexd is called; it is reached over its socket alone. */
  readonly base: URL;
}

function withOwnRoutes(error: AppError): AppError {
  const { code, message, details, headers, retryable, hint } = error;
  if (!hint?.includes("/v1/codexd/")) return error;
  return new AppError(code, message, {
    cause: error,
    retryable,
    ...(details && { details }),
    ...(headers && { headers }),
    hint: HERE.reduce(
      (it, [theirs, ours]) => it.replaceAll(theirs, ours),
      hint,
    ),
  });
}

/** What of a request is passed on. */
type Relayed =
  & Pick<RouteContext<unknown>, "actor" | "headers" | "signal" | "requestId">
  & {
    readonly params: unknown;
    readonly query: unknown;
    readonly body: unknown;
  };

/** With `wait` a turn's answer comes when the turn has ended, or after `timeout_ms`. */
function patienceMs(body: unknown): number {
  const { wait, timeout_ms } = (body ?? {}) as Partial<TurnRequest>;
  const waitMs = wait ? timeout_ms ?? MAX_WAIT_MS : 0;
  return Math.min(waitMs + SLACK_MS, MAX_WAIT_MS);
}
