import { AppError, invalidInput } from "../../shared/errors.ts";
import type { FromExtension } from "./contract.ts";

/** Failures that say something of the site, and count against its platform. */
const OF_THE_SITE: ReadonlySet<string> = new Set([
  "network_error",
  "timeout",
  "stream_broken",
]);

/** What to do about a failure. */
const HINTS: Readonly<Record<string, string>> = {
  binary_body: 'Ask again with response_mode "buffered": body_base64 has it.',
  body_too_large:
    'Ask again with response_mode "sse", or for a part of it (a Range header).',
  target_refused:
    "GET /v1/browser shows policy.allowed_hosts; the owner adds host:port to BAA_BROWSER_HOSTS.",
  too_many_redirects:
    "The site expects something first, mostly a login: open it in Firefox.",
  wrong_tab: "GET /v1/browser lists the tabs; leave tab_id out to use any.",
};

/** Whether a failure counts for the circuit breaker: false, or undefined for "says nothing". */
export function siteVerdict(failure: Failure): false | undefined {
  return OF_THE_SITE.has(failure.code) ? false : undefined;
}

/** Failures of the browser's that may have passed when the request comes again. */
const PASSING: ReadonlySet<string> = new Set([
  ...OF_THE_SITE,
  "busy",
  "tab_gone",
]);

/** Turns the extension's failure into the caller's. */
export function toAppError(failure: Failure): AppError {
  const { code: reason, containers, tabs } = failure;
  const said = failure.message === "" ? reason : failure.message;
  const choices = containers?.map(({ cookieStore, name, tabIds }) => ({
    container: name,
    cookie_store: cookieStore,
    tab_ids: tabIds,
  }));
  const details = {
    reason,
    ...(choices !== undefined && { choices }),
    ...(tabs !== undefined && {
      tabs: tabs.map(({ tabId, state }) => ({ tab_id: tabId, state })),
    }),
  };
  const message = `Cannot finish the request: ${said}`;
  switch (reason) {
    case "no_container":
      return invalidInput("container", said, { message, details });
    case "ambiguous_container":
      return new AppError("CONFLICT", message, {
        details,
        hint:
          "Say whose login it is: give container (a name or cookie_store of details.choices) or tab_id.",
      });
    case "no_tab":
      return new AppError("UPSTREAM_FAILED", message, {
        details,
        retryable: false,
        hint:
          'Open one: POST /v1/browser/actions {"action":"open_tab","url":…,"container":…}.',
      });
    case "tab_busy": {
      const isAwake = tabs?.some(({ state }) => state !== "discarded") ?? true;
      return new AppError("UPSTREAM_FAILED", message, {
        details,
        retryable: isAwake,
        hint: isAwake
          ? "Close the dialog that is open in the tab, or wait until its page is done."
          : 'Wake one of them: POST /v1/browser/actions {"action":"tab_restore","tab_id":…}.',
      });
    }
    case "timeout":
      return new AppError("UPSTREAM_TIMEOUT", message, { details });
    default: {
      const hint = HINTS[reason];
      return new AppError("UPSTREAM_FAILED", message, {
        details,
        retryable: PASSING.has(reason),
        ...(hint !== undefined && { hint }),
      });
    }
  }
}

/** A browser that would use whichever login comes first is asked for no certain one. */
export function containersUnknown(clientId: string): AppError {
  return new AppError(
    "BROWSER_UNAVAILABLE",
    `Cannot choose a container: the extension of "${clientId}" has not said that it knows them`,
    {
      details: { reason: "no_containers", client_id: clientId },
      retryable: false,
      hint: "Install the extension that belongs to this conductor.",
    },
  );
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

/** No browser of that name was ever here. */
export function browserUnknown(clientId: string): AppError {
  return new AppError(
    "BROWSER_UNAVAILABLE",
    `Cannot reach the browser: client "${clientId}" is not known`,
    {
      details: { reason: "not_connected", client_id: clientId },
      retryable: false,
      hint:
        "GET /v1/browser lists the clients; leave client_id out to use any.",
    },
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
    "CANCELED",
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
type Failure = Omit<FromExtension<"stream_error">, "type" | "id">;
