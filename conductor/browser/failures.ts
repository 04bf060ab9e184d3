import { AppError } from "../../shared/errors.ts";
import type { FromExtension } from "./contract.ts";

/** Failures that say something of the site, and count against its platform. */
const OF_THE_SITE: ReadonlySet<string> = new Set([
  "network_error",
  "timeout",
  "stream_broken",
]);

/** Whether a failure counts for the circuit breaker: false, or undefined for "says nothing". */
export function siteVerdict(failure: Failure): false | undefined {
  return OF_THE_SITE.has(failure.code) ? false : undefined;
}

/** Turns the extension's failure into the caller's. */
export function toAppError(failure: Failure): AppError {
  const code = failure.code === "timeout"
    ? "UPSTREAM_TIMEOUT"
    : "UPSTREAM_FAILED";
  const said = failure.message === "" ? failure.code : failure.message;
  return new AppError(code, `Cannot finish the request: ${said}`, {
    details: { reason: failure.code },
  });
}

/** The browser is not there, or went away. */
export function browserGone(clientId?: string): AppError {
  const who = clientId === undefined
    ? "no extension is connected"
    : `client "${clientId}" is not connected`;
  return new AppError(
    "BROWSER_UNAVAILABLE",
    `Cannot reach the browser: ${who}`,
    { details: { reason: "not_connected", client_id: clientId } },
  );
}

/** The connection ended while the browser worked on something. */
export function browserLost(): AppError {
  return new AppError(
    "BROWSER_UNAVAILABLE",
    "Cannot finish: the connection to the browser ended",
    { details: { reason: "connection_lost" } },
  );
}

/** Somebody asked for the end of a request. */
export function requestCanceled(): AppError {
  return new AppError(
    "CONFLICT",
    "Cannot finish the request: it was canceled",
    { details: { reason: "canceled" } },
  );
}

/** The browser answered in a way that the contract does not know. */
export function protocolBroken(what: string): AppError {
  return new AppError(
    "UPSTREAM_FAILED",
    `Cannot use the browser's answer: ${what}`,
    { details: { reason: "protocol" } },
  );
}

/** What the extension says of a request that failed. */
type Failure = Pick<FromExtension<"stream_error">, "code" | "message">;
