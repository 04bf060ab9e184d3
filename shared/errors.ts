import type { StatusCode } from "@std/http";

/** A row of the error table. */
interface ErrorRow {
  readonly status: StatusCode;
  readonly message: string;
  /** Whether the same request may succeed later without being changed. */
  readonly retryable: boolean;
}

function row(status: StatusCode, message: string, retryable = false): ErrorRow {
  return { status, message, retryable };
}

/** The one table of outer failures: code → HTTP status, default message, retryable. */
export const ERRORS = {
  INVALID_JSON: row(400, "Cannot read the body: it is not valid JSON"),
  INVALID_INPUT: row(400, "Cannot accept the request: the input is not valid"),
  UNAUTHORIZED: row(401, "Cannot answer: a valid bearer token is required"),
  HOST_NOT_ALLOWED: row(403, "Cannot answer: this Host is not allowed"),
  ORIGIN_NOT_ALLOWED: row(403, "Cannot answer: this origin is not allowed"),
  NOT_EXPOSED: row(403, "Cannot answer: this route is not exposed here"),
  ROUTE_NOT_FOUND: row(404, "Cannot find the route: see GET /describe"),
  NOT_FOUND: row(404, "Cannot find what the request names"),
  METHOD_NOT_ALLOWED: row(405, "Cannot use this method on this path"),
  REQUEST_TIMEOUT: row(408, "Cannot read the body: it took too long", true),
  CONFLICT: row(409, "Cannot do this: it conflicts with the current state"),
  SYSTEM_DRAINING: row(409, "Cannot accept work: automation is draining", true),
  NOT_LEADER: row(409, "Cannot write: this controller is not the leader", true),
  BODY_TOO_LARGE: row(413, "Cannot read the body: it is too large"),
  UNSUPPORTED_MEDIA_TYPE: row(
    415,
    "Cannot read the body: content-type must be application/json",
  ),
  UPGRADE_REQUIRED: row(426, "Cannot answer: this route is a WebSocket"),
  TOO_MANY_REQUESTS: row(429, "Cannot answer now: too many requests", true),
  INTERNAL: row(500, "Cannot answer: an internal error was logged"),
  UPSTREAM_FAILED: row(502, "Cannot answer: the upstream failed", true),
  CODEXD_UNAVAILABLE: row(503, "Cannot reach Codex", true),
  BROWSER_UNAVAILABLE: row(503, "Cannot reach the browser", true),
  NOT_READY: row(503, "Cannot answer: the daemon is not ready", true),
  SHUTTING_DOWN: row(503, "Cannot answer: the daemon is shutting down", true),
  UPSTREAM_TIMEOUT: row(504, "Cannot answer: the upstream took too long", true),
} as const satisfies Record<string, ErrorRow>;

/** A key of {@linkcode ERRORS}. */
export type ErrorCode = keyof typeof ERRORS;

/** Options of {@linkcode AppError}. */
export interface AppErrorOptions extends ErrorOptions {
  /** Shown to the caller; never a secret, never a stack. */
  readonly details?: Readonly<Record<string, unknown>>;
  /** Further response headers, e.g. `retry-after`. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** A failure that the caller is meant to see; everything else becomes `INTERNAL`. */
export class AppError extends Error {
  override readonly name = "AppError";
  readonly code: ErrorCode;
  readonly details: Readonly<Record<string, unknown>> | undefined;
  readonly headers: Readonly<Record<string, string>> | undefined;

  constructor(code: ErrorCode, message?: string, options?: AppErrorOptions) {
    super(message ?? ERRORS[code].message, options);
    this.code = code;
    this.details = options?.details;
    this.headers = options?.headers;
  }
}

/** What is wrong with one part of the input. */
export interface InputIssue {
  /** Where, e.g. `payload.args.0`; empty for the whole. */
  readonly path: string;
  readonly message: string;
}

/** What a refusal says beside its issues. */
interface RefusalOptions extends ErrorOptions {
  /** The sentence for the whole; by default that of the table. */
  readonly message?: string;
}

/** Returns the refusal of an input of which one part is wrong. */
export function invalidInput(
  path: string,
  message: string,
  options?: RefusalOptions,
): AppError {
  return invalidInputs([{ path, message }], options);
}

/** Returns the refusal of an input, with everything that is wrong with it. */
export function invalidInputs(
  issues: readonly InputIssue[],
  { message, ...rest }: RefusalOptions = {},
): AppError {
  return new AppError("INVALID_INPUT", message, {
    ...rest,
    details: { issues },
  });
}

/** Returns the message of anything that was thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
