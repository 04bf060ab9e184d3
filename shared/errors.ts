import type { StatusCode } from "@std/http";

interface ErrorRow {
  readonly status: StatusCode;
  readonly message: string;
  /** What the caller can do about it. */
  readonly remedy: string;
  /** Whether the same request may succeed later without being changed. */
  readonly retryable: boolean;
}

/** The statuses of what may pass by itself: too late, too many, another part that fails. */
const PASSING = new Set<StatusCode>([408, 429, 502, 503, 504]);

function row(
  status: StatusCode,
  message: string,
  { remedy, retryable = PASSING.has(status) }:
    & Pick<ErrorRow, "remedy">
    & Partial<ErrorRow>,
): ErrorRow {
  return { status, message, remedy, retryable };
}

/** The one table of outer failures; the README of `shared/http` shows it. */
export const ERRORS = {
  INVALID_JSON: row(400, "Cannot read the body: it is not valid JSON", {
    remedy: "Send one JSON object; quote it for the shell.",
  }),
  INVALID_INPUT: row(400, "Cannot accept the request: the input is not valid", {
    remedy: "Mend details.issues; GET /describe lists what has the fields.",
  }),
  UNAUTHORIZED: row(401, "Cannot answer: a valid bearer token is required", {
    remedy: "Send Authorization: Bearer with the shared token.",
  }),
  HOST_NOT_ALLOWED: row(403, "Cannot answer: this Host is not allowed", {
    remedy: "Call an address of the daemon's, or add it to BAA_ALLOWED_HOSTS.",
  }),
  ORIGIN_NOT_ALLOWED: row(403, "Cannot answer: this origin is not allowed", {
    remedy: "Call from no web page, or add it to BAA_ALLOWED_ORIGINS.",
  }),
  NOT_EXPOSED: row(403, "Cannot answer: this route is not exposed here", {
    remedy: "Call it on the machine itself, not through the public name.",
  }),
  SCOPE_REQUIRED: row(403, "Cannot answer: the token lacks the scope", {
    remedy: "Have the owner make a token with the scope in details.required.",
  }),
  ROUTE_NOT_FOUND: row(404, "Cannot find the route: see GET /describe", {
    remedy: "Take a path from GET /describe.",
  }),
  NOT_FOUND: row(404, "Cannot find what the request names", {
    remedy: "Take the id from a list; retention removes what is old.",
  }),
  METHOD_NOT_ALLOWED: row(405, "Cannot use this method on this path", {
    remedy: "Use a method that the Allow header names.",
  }),
  REQUEST_TIMEOUT: row(408, "Cannot read the body: it took too long", {
    remedy: "Send the whole body at once, within 30 s.",
  }),
  CONFLICT: row(409, "Cannot do this: it conflicts with the current state", {
    remedy: "Read the present state, then decide again.",
  }),
  CANCELED: row(409, "Cannot finish: it was canceled", {
    remedy: "Somebody asked for its end; send it again if it is still wanted.",
  }),
  SYSTEM_DRAINING: row(409, "Cannot accept work: automation is draining", {
    remedy: "Wait, or POST /v1/system/resume.",
    retryable: true,
  }),
  NOT_LEADER: row(409, "Cannot write: this controller is not the leader", {
    remedy: "Call the leader that GET /v1/system/state names.",
    retryable: true,
  }),
  BODY_TOO_LARGE: row(413, "Cannot read the body: it is too large", {
    remedy: "Send less, or raise BAA_MAX_BODY_BYTES.",
  }),
  UNSUPPORTED_MEDIA_TYPE: row(
    415,
    "Cannot read the body: content-type must be application/json",
    { remedy: "Send Content-Type: application/json." },
  ),
  UPGRADE_REQUIRED: row(426, "Cannot answer: this route is a WebSocket", {
    remedy: "Open a WebSocket on this path.",
  }),
  TOO_MANY_REQUESTS: row(429, "Cannot answer now: too many requests", {
    remedy: "Wait as long as the Retry-After header says.",
  }),
  INTERNAL: row(500, "Cannot answer: an internal error was logged", {
    remedy: "Look up the request_id in the daemon's log.",
  }),
  UPSTREAM_FAILED: row(502, "Cannot answer: the upstream failed", {
    remedy: "Read the message; try again, or see GET /health.",
  }),
  CODEXD_UNAVAILABLE: row(503, "Cannot reach Codex", {
    remedy: "GET /v1/codex says what is missing and what to do.",
  }),
  BROWSER_UNAVAILABLE: row(503, "Cannot reach the browser", {
    remedy: "Start Firefox with the extension; see GET /v1/browser.",
  }),
  NOT_READY: row(503, "Cannot answer: the daemon is not ready", {
    remedy: "GET /health lists the reasons.",
  }),
  SHUTTING_DOWN: row(503, "Cannot answer: the daemon is shutting down", {
    remedy: "Try again once it has started.",
  }),
  UPSTREAM_TIMEOUT: row(504, "Cannot answer: the upstream took too long", {
    remedy: "Allow more time, or try again.",
  }),
} as const satisfies Record<string, ErrorRow>;

export type ErrorCode = keyof typeof ERRORS;

export interface AppErrorOptions extends ErrorOptions {
  /** Shown to the caller; never a secret, never a stack. */
  readonly details?: Readonly<Record<string, unknown>>;
  /** Further response headers, e.g. `retry-after`. */
  readonly headers?: Readonly<Record<string, string>>;
  /** What to do next, in one sentence with the call or command. */
  readonly hint?: string;
  /** Where this failure differs from what the table says of its code. */
  readonly retryable?: boolean;
}

/** A failure that the caller is meant to see; everything else becomes `INTERNAL`. */
export class AppError extends Error {
  override readonly name = "AppError";
  readonly code: ErrorCode;
  readonly details: Readonly<Record<string, unknown>> | undefined;
  readonly headers: Readonly<Record<string, string>> | undefined;
  readonly hint: string | undefined;
  readonly retryable: boolean;

  constructor(code: ErrorCode, message?: string, options?: AppErrorOptions) {
    super(message ?? ERRORS[code].message, options);
    this.code = code;
    this.details = options?.details;
    this.headers = options?.headers;
    this.hint = options?.hint;
    this.retryable = options?.retryable ?? ERRORS[code].retryable;
  }
}

/** What is wrong with one part of the input. */
export interface InputIssue {
  /** Where, e.g. `payload.args.0`; empty for the whole. */
  readonly path: string;
  readonly message: string;
}

/** What a refusal says beside its issues. */
interface RefusalOptions
  extends Pick<AppErrorOptions, "cause" | "details" | "hint"> {
  /** What cannot be done; without a reason it is given that of the first issue. */
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
  { message = "Cannot accept the request", details, ...rest }: RefusalOptions =
    {},
): AppError {
  const [first] = issues;
  const reason = [first?.path, first?.message].filter(Boolean).join(": ");
  // What gives its reason itself says more than the issue.
  const whole = message.includes(": ") ? message : `${message}: ${reason}`;
  return new AppError("INVALID_INPUT", whole, {
    ...rest,
    details: { issues, ...details },
  });
}

/** Returns the code of anything that was thrown, as its caller is told it. */
export function codeOf(thrown: unknown): ErrorCode {
  return thrown instanceof AppError ? thrown.code : "INTERNAL";
}

export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
