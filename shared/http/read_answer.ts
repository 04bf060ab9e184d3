import type { z } from "zod";
import {
  AppError,
  type AppErrorOptions,
  type ErrorCode,
  ERRORS,
} from "../errors.ts";
import type { Schema } from "./route.ts";

/**
 * Returns the data of an answer, as its contract says it.
 * @throws {AppError} the server's own failure; UPSTREAM_FAILED
 */
export function parseAnswer<D extends Schema>(
  { id, data, produces = "json" }: {
    readonly id: string;
    readonly data: D;
    readonly produces?: string;
  },
  { response, text }: ReadResponse,
): z.output<D> {
  const details = { route: id, status: response.status };
  const plain = produces === "text" || produces === "html";
  if (response.ok && plain) return parse(data, text, details);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw upstreamFailed("the answer is no JSON", { cause, details });
  }
  if (typeof value !== "object" || value === null) {
    throw upstreamFailed("the answer is no object", { details });
  }
  if (!response.ok || ("ok" in value && value.ok === false)) {
    throw failureOf(value, response, details);
  }
  if (produces === "document") return parse(data, value, details);
  if (!("data" in value)) {
    throw upstreamFailed("the answer has no data", { details });
  }
  return parse(data, value.data, details);
}

/** What came back, read whole. */
export interface ReadResponse {
  readonly response: Response;
  readonly text: string;
}

function parse<D extends Schema>(
  schema: D,
  value: unknown,
  details: Readonly<Record<string, unknown>>,
): z.output<D> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issues = result.error.issues.map(({ path, message }) => ({
    path: path.join("."),
    message,
  }));
  throw upstreamFailed("the answer is not what its contract says", {
    details: { ...details, issues },
  });
}

/** The server's own failure, as far as it is one. */
function failureOf(
  value: object,
  response: Response,
  details: Readonly<Record<string, unknown>>,
): AppError {
  const error = "error" in value ? value.error : undefined;
  if (typeof error !== "object" || error === null || !("code" in error)) {
    return upstreamFailed("the failure has no code", { details });
  }
  const message = "message" in error ? String(error.message) : undefined;
  const { code } = error;
  if (!isErrorCode(code)) {
    return upstreamFailed(`its failure "${code}" is unknown`, {
      details: { ...details, code, message },
    });
  }
  const own = "details" in error ? error.details : undefined;
  const retryAfter = response.headers.get("retry-after");
  const { hint, retryable } = error as Readonly<Record<string, unknown>>;
  return new AppError(code, message, {
    // Of its fields a route here tells itself.
    ...(typeof hint === "string" && !hint.startsWith("GET /describe/") &&
      { hint }),
    ...(typeof retryable === "boolean" && { retryable }),
    ...(typeof own === "object" && own !== null && { details: { ...own } }),
    ...(retryAfter !== null && { headers: { "retry-after": retryAfter } }),
  });
}

function isErrorCode(code: unknown): code is ErrorCode {
  return typeof code === "string" && Object.hasOwn(ERRORS, code);
}

/** An upstream that answers, but not as it should. */
export function upstreamFailed(
  reason: string,
  options?: AppErrorOptions,
): AppError {
  return new AppError(
    "UPSTREAM_FAILED",
    `Cannot use the upstream: ${reason}`,
    options,
  );
}
