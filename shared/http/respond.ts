import { AppError, ERRORS } from "../errors.ts";
import type { Logger } from "../log.ts";

/** What every answer of one request needs. */
export interface AnswerContext {
  readonly requestId: string;
  readonly pretty: boolean;
}

const COMMON = {
  "cache-control": "no-store",
  "x-content-type-options": "nosniff",
};

/** Headers that every answer carries. */
export function commonHeaders(requestId: string): Record<string, string> {
  return { ...COMMON, "x-request-id": requestId };
}

/** Answers `data` in the success envelope. */
export function success(
  data: unknown,
  context: AnswerContext,
  init: {
    readonly status?: number;
    readonly headers?: Readonly<Record<string, string>>;
  } = {},
): Response {
  const { requestId } = context;
  return json({ ok: true, request_id: requestId, data }, context, init);
}

/** Answers a JSON document without an envelope. */
export function json(
  value: unknown,
  { requestId, pretty }: AnswerContext,
  init: {
    readonly status?: number;
    readonly headers?: Readonly<Record<string, string>>;
  } = {},
): Response {
  const text = pretty
    ? JSON.stringify(value, null, 2) + "\n"
    : JSON.stringify(value);
  return new Response(text, {
    status: init.status ?? 200,
    headers: {
      "content-type": "application/json; charset=utf-8",
      ...commonHeaders(requestId),
      ...init.headers,
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
  const error = knownError(thrown, log);
  return json(
    {
      ok: false,
      request_id: context.requestId,
      error: wireError(error, log),
    },
    context,
    {
      status: ERRORS[error.code].status,
      ...(error.headers !== undefined && { headers: error.headers }),
    },
  );
}
