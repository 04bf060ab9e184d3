import { AppError, ERRORS } from "../errors.ts";
import type { Logger } from "../log.ts";
import { piecewiseBody, type PiecewiseOptions } from "./piecewise_body.ts";
import { PageFailure, PlainFailure, Reply, type RouteInfo } from "./route.ts";

/** What every answer of one request needs. */
export interface AnswerContext {
  readonly requestId: string;
  readonly pretty: boolean;
}

/** What an answer may have beside its body. */
interface AnswerInit {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

const JSON_TYPE = "application/json; charset=utf-8";
const TEXT_TYPE = "text/plain; charset=utf-8";
const HTML_TYPE = "text/html; charset=utf-8";
const SSE_TYPE = "text/event-stream; charset=utf-8";

function respond(
  body: BodyInit,
  contentType: string,
  { requestId, status = 200, headers }: AnswerInit & {
    readonly requestId: string;
  },
): Response {
  return new Response(body, {
    status,
    headers: {
      "content-type": contentType,
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
      "x-request-id": requestId,
      ...headers,
    },
  });
}

/** Turns what a handler returned into the answer that its route promises. */
export function writeResult(
  result: unknown,
  route: Pick<RouteInfo, "produces" | "status">,
  answer: AnswerContext,
): Response {
  const { data, status, headers } = result instanceof Reply
    ? result
    : { data: result, status: route.status ?? 200, headers: undefined };
  switch (route.produces ?? "json") {
    case "text":
      return plainText(String(data), answer, status);
    case "html":
      return page(String(data), answer, { headers });
    case "document":
      return json(data, answer, { status, headers });
    default:
      return success(data, answer, { status, headers });
  }
}

/** Answers `data` in the success envelope. */
function success(
  data: unknown,
  context: AnswerContext,
  init: AnswerInit = {},
): Response {
  const envelope = { ok: true, request_id: context.requestId, data };
  return json(envelope, context, init);
}

/** Answers `data` in the success envelope, written as it is taken. */
export function largeSuccess(
  data: unknown,
  { requestId }: AnswerContext,
  init: AnswerInit & PiecewiseOptions,
): Response {
  const envelope = { ok: true, request_id: requestId, data };
  const { status, headers } = init;
  return respond(piecewiseBody(envelope, init), JSON_TYPE, {
    requestId,
    ...(status !== undefined && { status }),
    headers,
  });
}

/** Answers a JSON document without an envelope. */
function json(
  value: unknown,
  { requestId, pretty }: AnswerContext,
  init: AnswerInit = {},
): Response {
  const text = pretty
    ? JSON.stringify(value, null, 2) + "\n"
    : JSON.stringify(value);
  return respond(text, JSON_TYPE, { requestId, ...init });
}

/** Answers plain text: probes. */
function plainText(
  body: string,
  { requestId }: AnswerContext,
  status = 200,
): Response {
  return respond(body, TEXT_TYPE, { requestId, status });
}

/** Answers an HTML page. */
function page(
  body: string,
  { requestId }: AnswerContext,
  options: {
    readonly status?: number;
    readonly headers?: Readonly<Record<string, string>> | undefined;
  } = {},
): Response {
  return respond(body, HTML_TYPE, { requestId, ...options });
}

/** Answers an event stream. */
export function events(
  body: ReadableStream<Uint8Array>,
  { requestId }: AnswerContext,
): Response {
  return respond(body, SSE_TYPE, { requestId });
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
  if (thrown instanceof PlainFailure) {
    return plainText(thrown.body, context, thrown.status);
  }
  if (thrown instanceof PageFailure) return page(thrown.page, context, thrown);
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
