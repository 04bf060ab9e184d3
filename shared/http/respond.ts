import { eTag, ifNoneMatch } from "@std/http";
import { AppError, ERRORS } from "../errors.ts";
import { randomId } from "../ids.ts";
import type { Logger } from "../log.ts";
import { encodeEvent } from "./event_stream.ts";
import { piecewiseBody, type PiecewiseOptions } from "./piecewise_body.ts";
import {
  BareFailure,
  type HtmlPage,
  Reply,
  type RouteInfo,
  TextReply,
  type WireError,
} from "./route.ts";

/** Turns what a handler returned into the answer that its route promises. */
export function writeResult(
  result: unknown,
  route: Pick<RouteInfo, "id" | "produces" | "status">,
  context: AnswerContext,
): Response {
  const { requestId } = context;
  if (result instanceof TextReply) {
    return respond(result.text, TEXT_TYPE, {
      requestId,
      headers: result.headers,
    });
  }
  const reply = result instanceof Reply ? result : new Reply(result);
  const { data, headers } = reply;
  const { id, status: declared = [200] } = route;
  const status = reply.status ?? declared[0];
  if (!declared.includes(status)) {
    throw new TypeError(`Cannot answer ${id}: it declares no status ${status}`);
  }
  const init = { requestId, status, headers };
  const { produces } = route;
  if (produces === "text") return respond(String(data), TEXT_TYPE, init);
  if (produces === "html") return respond(String(data), HTML_TYPE, init);
  const whole = produces === "document" ? data : envelope(data, context);
  return respond(stringify(whole, context), JSON_TYPE, init);
}

/** Answers what a route promises, or says that the caller has it already. */
export async function revalidatedResult(
  data: unknown,
  route: Pick<RouteInfo, "id" | "produces" | "status">,
  { known, ...context }: AnswerContext & { readonly known: string | undefined },
): Promise<Response> {
  const text = data instanceof TextReply ? data.text : JSON.stringify(data);
  const tag = await eTag(text);
  // The same data comes in an envelope of its own each time.
  const isWeak = (route.produces ?? "json") === "json";
  const etag = isWeak && !(data instanceof TextReply) ? `W/${tag}` : tag;
  const headers = { etag };
  if (!ifNoneMatch(known ?? null, etag)) {
    const { requestId } = context;
    return respond(null, JSON_TYPE, { requestId, status: 304, headers });
  }
  const answer = data instanceof TextReply
    ? new TextReply(text, headers)
    : new Reply(data, { headers });
  return writeResult(answer, route, context);
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
  return respond(body, JSON_TYPE, context);
}

/** Sends what a route wrote itself; `onEnd` is called when it was taken, or its reader has gone. */
export function ownResult(
  answer: Response,
  { requestId }: AnswerContext,
  onEnd: () => void,
): Response {
  if (answer.body === null) onEnd();
  const body = answer.body?.pipeThrough(
    new TransformStream({ flush: onEnd, cancel: onEnd }),
  ) ?? null;
  const { status, headers } = answer;
  return respond(body, headers.get("content-type") ?? JSON_TYPE, {
    requestId,
    status,
  });
}

/** Answers JSON that is still being written: {@linkcode Attendance}. */
export function lateResult(
  body: ReadableStream<Uint8Array>,
  context: AnswerContext,
): Response {
  return respond(body, JSON_TYPE, context);
}

/** Answers an event stream. */
export function events(
  body: ReadableStream<Uint8Array>,
  context: AnswerContext,
): Response {
  return respond(body, SSE_TYPE, context);
}

/** Ends an event stream that had begun before it failed. */
export function failedEvents(
  thrown: unknown,
  log: Logger,
  { routeId, ...context }: AnswerContext & { readonly routeId: string },
): Response {
  const data = wireError(thrown, log, routeId);
  const body = ReadableStream.from([encodeEvent({ event: "error", data })]);
  return events(body, context);
}

function envelope(data: unknown, { requestId }: AnswerContext) {
  return { ok: true, request_id: requestId, data };
}

function stringify(value: unknown, { pretty }: AnswerContext): string {
  const text = JSON.stringify(value);
  if (!pretty || text.length > MOST_PRETTY) return text;
  const shown = JSON.stringify(value, null, 2);
  // Indentation must not turn little into much.
  return shown.length > MOST_GROWTH * text.length ? text : `${shown}\n`;
}

const MOST_PRETTY = 1_048_576;
const MOST_GROWTH = 8;

const JSON_TYPE = "application/json; charset=utf-8";
const TEXT_TYPE = "text/plain; charset=utf-8";
const HTML_TYPE = "text/html; charset=utf-8";
const SSE_TYPE = "text/event-stream; charset=utf-8";

function respond(
  body: BodyInit | null,
  contentType: string,
  { requestId, status = 200, headers }: {
    readonly requestId: string;
    readonly status?: number;
    readonly headers?: Readonly<Record<string, string>> | undefined;
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

/** Turns anything thrown into what a caller may see; what is not known is logged and hidden. */
export function wireError(
  thrown: unknown,
  log: Logger,
  routeId?: string,
): WireError {
  const known = knownError(thrown, log);
  const { code, message, retryable, details } = known;
  // What says nothing better says what its code always says.
  const remedy = code === "INVALID_INPUT" && routeId !== undefined
    ? `GET /describe/${routeId} has the fields.`
    : ERRORS[code].remedy;
  const { hint = remedy } = known;
  return { code, message, hint, retryable, details };
}

function knownError(thrown: unknown, log: Logger): AppError {
  if (thrown instanceof AppError) return thrown;
  log.error("A handler failed", { error: thrown });
  return new AppError("INTERNAL");
}

type FailurePage = (failure: WireError) => HtmlPage;

/**
 * Answers a failure, also of a request that no app has taken. The only writer of
 * error responses. `page` shows it to a person, who is sent on where the failure
 * says `location`.
 */
export function failure(
  thrown: unknown,
  log: Logger,
  context: AnswerContext & {
    readonly page?: FailurePage | undefined;
    readonly routeId?: string | undefined;
  } = {
    requestId: randomId("req"),
    pretty: false,
  },
): Response {
  const { requestId } = context;
  if (thrown instanceof BareFailure) {
    const { body, isPage, status, headers } = thrown;
    const type = isPage ? HTML_TYPE : TEXT_TYPE;
    return respond(body, type, { requestId, status, headers });
  }
  const own = log.child({ request_id: requestId });
  const answer = (known: AppError) => {
    const { code } = known;
    const { status } = ERRORS[code];
    const error = wireError(known, own, context.routeId);
    const headers = code === "TOO_MANY_REQUESTS"
      ? { "retry-after": "1", ...known.headers }
      : known.headers;
    const page = context.page?.(error);
    if (page === undefined) {
      const value = { ok: false, request_id: requestId, error };
      const init = { requestId, status, headers };
      return respond(stringify(value, context), JSON_TYPE, init);
    }
    return respond(page.html, HTML_TYPE, {
      requestId,
      status: headers?.location === undefined ? status : 303,
      headers: { ...page.headers, ...headers },
    });
  };
  try {
    return answer(knownError(thrown, own));
  } catch (unwritable) {
    // Details that JSON cannot hold must not cost the answer.
    return answer(knownError(unwritable, own));
  }
}
