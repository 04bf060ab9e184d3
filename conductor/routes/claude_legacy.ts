import {
  claudeActionData,
  claudeClientChoice,
  claudeCurrentData,
  claudeSendBody,
  claudeSendData,
} from "../browser/mod.ts";
import { callerOf, route } from "../deps.ts";
import { browserUnavailable } from "./browser.ts";

const legacy = {
  surface: "business",
  exposure: "local",
  scope: "browser",
  deprecated: {
    since: new Date("2026-11-01T00:00:00Z"),
    sunset: new Date("2027-11-01T00:00:00Z"),
  },
  unavailable: browserUnavailable,
  notes: [
    "Deprecated (see the headers Deprecation and Sunset): the answer names the call that replaces it.",
  ],
  errors: [
    "BROWSER_UNAVAILABLE",
    "CONFLICT",
    "CANCELED",
    "NOT_READY",
    "TOO_MANY_REQUESTS",
    "UPSTREAM_FAILED",
    "UPSTREAM_TIMEOUT",
  ],
} as const;

/** The Claude calls of older clients, over the same engine. */
export const claudeRoutes = [
  route({
    ...legacy,
    id: "browser.claude.open",
    auditsItself: ["browser.actions.open_tab"],
    method: "POST",
    path: "/v1/browser/claude/open",
    kind: "write",
    summary: "Open Claude in a new tab",
    body: claudeClientChoice,
    bodyRule: "optional",
    data: claudeActionData,
    example: { body: { client_id: "{browser}" } },
    handler: (context) =>
      context.deps.browser.claude.open(context.body, callerOf(context)),
  }),
  route({
    ...legacy,
    id: "browser.claude.send",
    destructive: true,
    auditsItself: ["browser.request"],
    method: "POST",
    path: "/v1/browser/claude/send",
    kind: "write",
    summary: "Send a prompt to the open Claude conversation",
    body: claudeSendBody,
    data: claudeSendData,
    example: { body: { prompt: "Good morning", client_id: "{browser}" } },
    handler: (context) =>
      context.deps.browser.claude.send(context.body, callerOf(context)),
  }),
  route({
    ...legacy,
    id: "browser.claude.current",
    auditsItself: ["browser.request"],
    method: "GET",
    path: "/v1/browser/claude/current",
    kind: "read",
    summary: "Read the open or newest Claude conversation",
    query: claudeClientChoice,
    data: claudeCurrentData,
    example: { query: { client_id: "{browser}" } },
    handler: (context) =>
      context.deps.browser.claude.current(context.query, callerOf(context)),
  }),
  route({
    ...legacy,
    id: "browser.claude.reload",
    auditsItself: ["browser.actions.tab_reload"],
    method: "POST",
    path: "/v1/browser/claude/reload",
    kind: "write",
    summary: "Reload the Claude tab",
    body: claudeClientChoice,
    bodyRule: "optional",
    data: claudeActionData,
    example: { body: { client_id: "{browser}" } },
    handler: (context) =>
      context.deps.browser.claude.reload(context.body, callerOf(context)),
  }),
];
