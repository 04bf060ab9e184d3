import {
  ACTION_TEXTS,
  actionBody,
  actionData,
  actionScope,
  browserQuery,
  browserView,
  cancelBody,
  cancelData,
  requestBody,
  requestData,
  requestEvents,
} from "../browser/mod.ts";
import { missingScope } from "../../shared/http/mod.ts";
import { callerOf, type Deps, route } from "../deps.ts";

/** Why no browser can be asked now. */
export function browserUnavailable({ browser }: Deps): string | undefined {
  return browser.unavailable();
}

/** The owner's logged-in browser: what it has, and what it is asked to do. */
export const browserRoutes = [
  route({
    id: "browser.get",
    next: ["browser.request", "browser.actions"],
    method: "GET",
    path: "/v1/browser",
    kind: "read",
    surface: "business",
    exposure: "local",
    scope: "browser",
    summary: "Read the browser's tabs, logins, policy",
    notes: [
      "A record is fresh (its browser is connected, seen lately), stale, or lost (too old, or logged out).",
      "Login records are fingerprints, never values. All of it is kept while no browser is connected.",
      "container says whose login it is: a browser has one for each of its containers. Private windows are never seen.",
    ],
    query: browserQuery,
    data: browserView,
    example: { query: { platform: "claude" } },
    handler: ({ deps, query }) => deps.browser.viewer.view(query),
  }),
  route({
    id: "browser.request",
    destructive: true,
    method: "POST",
    path: "/v1/browser/request",
    kind: "write",
    surface: "business",
    exposure: "local",
    scope: "browser",
    auditsItself: ["browser.request"],
    summary: "Send a request as a site's logged-in page",
    notes: [
      "Give url, or platform and path. It runs with the page's principal in a tab of the same origin; via says background where there was none.",
      "Whose login: that of container (a name or cookie_store of GET /v1/browser) or of tab_id. With neither that of the one container that has tabs of the origin, of the default one when none has; when several have, it is refused with the choices. The answer says which it was.",
      "A container other than the default one needs a tab of the origin in it: open_tab takes container, too.",
      "A tab that does not answer within 2 s (busy, an open dialog, discarded) is passed over for another of the same container, else details.reason is tab_busy.",
      "Only public http(s) targets, and the host:port pairs in BAA_BROWSER_HOSTS. Headers that carry credentials are refused: the browser adds its own.",
      "body: text as it is, any other JSON value as its JSON; or body_base64. The answer has body, or body_base64 where it is no text.",
      'response_mode "sse" (or Accept: text/event-stream) streams: stream_open, stream_event …, then stream_end or stream_error. Leaving it cancels the request.',
      "A redirect to another origin is the answer (its status, redirected_to) unless follow_redirects is true. It is then followed with the login there, as GET or HEAD alone, without body and headers but accept and accept-language: a 303, or 301 or 302 of a POST, becomes a GET; of any other method it is the answer. A site's demand for a password is its 401.",
      "429 with Retry-After: the platform's policy. 503 BROWSER_UNAVAILABLE: no browser is connected, or it went away.",
    ],
    body: requestBody,
    data: requestData,
    events: requestEvents,
    errors: [
      "BROWSER_UNAVAILABLE",
      "BODY_TOO_LARGE",
      "CONFLICT",
      "CANCELED",
      "NOT_READY",
      "TOO_MANY_REQUESTS",
      "UPSTREAM_FAILED",
      "UPSTREAM_TIMEOUT",
    ],
    example: {
      body: {
        platform: "claude",
        path: "/api/organizations",
        client_id: "{browser}",
      },
    },
    unavailable: browserUnavailable,
    streams: ({ response_mode }) =>
      response_mode === undefined ? undefined : response_mode === "sse",
    handler: (context) =>
      context.deps.browser.requests.buffered(context.body, callerOf(context)),
    stream: (context) =>
      context.deps.browser.requests.stream(context.body, callerOf(context)),
  }),
  route({
    id: "browser.request.cancel",
    destructive: true,
    idempotent: true,
    method: "POST",
    path: "/v1/browser/request/cancel",
    kind: "write",
    surface: "business",
    exposure: "local",
    scope: "browser",
    summary: "Cancel a browser request by its request_id",
    notes: [
      "running: whether it was in flight. confirmed: whether the page's fetch was really aborted.",
    ],
    body: cancelBody,
    data: cancelData,
    example: { body: { request_id: "my-request-1" } },
    auditTarget: ({ body: { request_id, reason } }) => ({
      browser_request_id: request_id,
      reason: reason ?? null,
    }),
    handler: ({ deps, body }) => deps.browser.requests.cancel(body.request_id),
  }),
  route({
    id: "browser.actions",
    destructive: true,
    method: "POST",
    path: "/v1/browser/actions",
    kind: "write",
    surface: "control",
    exposure: "local",
    scope: "browser",
    auditsItself: Object.keys(ACTION_TEXTS).map((it) =>
      `browser.actions.${it}`
    ),
    summary: "Have the extension do something, or pair",
    notes: [
      ...Object.entries(ACTION_TEXTS).map(([name, text]) => `${name}: ${text}`),
      "ok, result and error are what the extension reports.",
    ],
    body: actionBody,
    data: actionData,
    errors: [
      "BROWSER_UNAVAILABLE",
      "NOT_READY",
      "TOO_MANY_REQUESTS",
      "UPSTREAM_TIMEOUT",
    ],
    example: { body: { action: "plugin_status", client_id: "{browser}" } },
    unavailable: browserUnavailable,
    handler(context) {
      const missing = missingScope(context, actionScope(context.body.action));
      if (missing !== undefined) throw missing;
      return context.deps.browser.actions.run(context.body, callerOf(context));
    },
  }),
];
