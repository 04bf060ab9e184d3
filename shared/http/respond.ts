import { AppError, ERRORS } from "../errors.ts";
import type { Logger } from "../log.ts";
import { piecewiseBody, type PiecewiseOptions } from "./piecewise_body.ts";
import { BareFailure, Reply, type RouteInfo } from "./route.ts";

/** Turns what a handler returned into the answer that its route promises. */
export function writeResult(
  result: unknown,
  route: Pick<RouteInfo, "produces" | "status">,
  context: AnswerContext,
): Response {
  const { data, ...init } = result instanceof Reply
    ? result
    : { data: result, status: route.status ?? 200 };
  switch (route.produces ?? "json") {
    case "text":
      return respond(String(data), "text/plain", { ...context, ...init });
    case "html":
      return respond(String(data), "text/html", { ...context, ...init });
    case "document":
      return json(data, context, init);
    default:
      return json(envelope(data, context), context, init);
  }
}

/** What every answer of one request needs. */
export interface AnswerContext {
  readonly requestId: string;
  readonly pretty: boolean;
}

/** Answers large `data` in the success envelope, written as it is taken. */
export function largeResult(
  data: unknown,
  context: AnswerContext,
  options: PiecewiseOptions,
): Response {
  const body = piecewiseBody(envelope(data, context), options);
  return respond(body, "application/json", context);
}

/** Answers an event stream. */
export function events(
  body: ReadableStream<Uint8Array>,
  context: AnswerContext,
): Response {
  return respond(body, "text/event-stream", context);
}

function envelope(data: unknown, { requestId }: AnswerContext) {
  return { ok: true, request_id: requestId, data };
}

function json(
  value: unknown,
  context: AnswerContext,
  init: AnswerInit,
): Response {
  const text = context.pretty
    ? JSON.stringify(value, null, 2) + "\n"
    : JSON.stringify(value);
  return respond(text, "application/json", { ...context, ...init });
}

interface AnswerInit {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

function respond(
  body: BodyInit,
  mediaType: string,
  { requestId, status = 200, headers }: AnswerInit & {
    readonly requestId: string;
  },
): Response {
  return new Response(body, {
    status,
    headers: {
      "content-type": `${mediaType}; charset=utf-8`,
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
      "x-request-id": requestId,
      ...headers,
    },
  });
}

/** What a failure says on the wire, in an envelope or in a stream. */
export interface WireError {
  readonly code: string;
  readonly message: string;
  readonly retryable: boolean;
  readonly details?: Readonly<Record<string, unknown>>;
}

/** Turns anything thrown into what a caller may see; what is not known is logged and hidden. */
export function wireError(thrown: unknown, log: Logger): WireError {
  const error = knownError(thrown, log);
  const { retryable } = ERRORS[error.code];
  return {
    code: error.code,
    message: error.message,
    retryable,
    ...(error.details !== undefined && { details: error.details }),
  };
}

function knownError(thrown: unknown, log: Logger): AppError {
  if (thrown instanceof AppError) return thrown;
  log.error("A handler failed", { error: thrown });
  return new AppError("INTERNAL");
}

/** Answers a failure. The only writer of error responses. */
export function failure(
  thrown: unknown,
  context: AnswerContext,
  log: Logger,
): Response {
  if (thrown instanceof BareFailure) {
    const { body, mediaType, status, headers } = thrown;
    return respond(body, mediaType, { ...context, status, headers });
  }
  const { requestId } = context;
  const own = log.child({ request_id: requestId });
  const error = knownError(thrown, own);
  const answer = ({ code, headers }: AppError, wire: WireError) =>
    json({ ok: false, request_id: requestId, error: wire }, context, {
      status: ERRORS[code].status,
      headers: code === "TOO_MANY_REQUESTS"
        ? { "retry-after": "1", ...headers }
        : headers,
    });
  try {
    return answer(error, wireError(error, own));
  } catch (unwritable) {
    // Details that JSON cannot hold must not cost the answer.
    const internal = knownError(unwritable, own);
    return answer(internal, wireError(internal, own));
  }
}
