import { z } from "zod";
import { ERRORS } from "../errors.ts";
import type { RouteInfo, Schema } from "../http/mod.ts";
import { shellQuote } from "../shell_quote.ts";
import { curl, type CurlOptions } from "./curl.ts";
import { ELSEWHERE, fields } from "./fields.ts";

const Words = z.record(z.string(), z.string());

const Lead = z.object({
  method: z.string(),
  path: z.string(),
  summary: z.string(),
});

/** One route as `/describe/<id>` shows it: enough to use it without other docs. */
export const Endpoint = z.object({
  id: z.string(),
  method: z.string(),
  path: z.string(),
  kind: z.enum(["read", "write"]),
  exposure: z.enum(["public", "token", "local"]),
  scope: z.string().describe("what a named token must hold"),
  produces: z.string(),
  summary: z.string(),
  notes: z.array(z.string()).optional(),
  deprecated: z.boolean().optional(),
  query: Words.optional(),
  headers: Words.optional(),
  body: Words.optional(),
  data: Words.optional(),
  events: z.record(z.string(), Words).optional()
    .describe("fields of each event's data, by event name"),
  errors: Words.optional().describe("codes, beside those of any route"),
  curl: z.string().optional()
    .describe("runs as it stands; absent while its example cannot run yet"),
  curl_form: z.string().optional()
    .describe("instead, with the values to fill in in capitals"),
  connect: z.string().optional().describe("for WebSocket routes"),
  next: z.array(Lead).optional().describe("calls that lead on from here"),
  available: z.boolean(),
  unavailable_reason: z.string().optional(),
  protocol: z.record(z.string(), z.unknown()).optional()
    .describe("what is said over the socket"),
}).meta({ [ELSEWHERE]: true });

/** Returns what `/describe/<id>` shows of a route, beside whether it works now. */
export function endpoint(
  route: RouteInfo,
  options: CurlOptions,
): Omit<z.input<typeof Endpoint>, "available"> {
  const socket = options.origin.replace(/^http/, "ws");
  const body = fields(route.body, "input");
  return {
    id: route.id,
    method: route.method,
    path: route.path,
    kind: route.kind,
    exposure: route.exposure,
    scope: route.scope,
    produces: route.produces ?? "json",
    summary: route.summary,
    notes: route.notes && [...route.notes],
    deprecated: route.deprecated && true,
    query: fields(route.query, "input"),
    headers: route.headers,
    body,
    data: fields(route.data, "output", { body }),
    events: route.events && eventFields(route.events),
    errors: route.errors && errorsOf(route),
    ...(route.produces === "websocket"
      ? { connect: `websocat ${shellQuote(socket + route.path)}` }
      : curlOf(route, options)),
  };
}

/** The line that runs as it stands; while there is nothing to name, its form. */
function curlOf(route: RouteInfo, options: CurlOptions) {
  const line = curl(route, options);
  if (line !== undefined) return { curl: line };
  const { exampleValues } = options;
  const all = new Proxy(exampleValues, {
    get: (values, name: string) => values[name] ?? name.toUpperCase(),
  });
  return { curl_form: curl(route, { ...options, exampleValues: all }) };
}

/** When each failure of a route comes. */
function errorsOf({ errors = [] }: RouteInfo) {
  return Object.fromEntries(
    errors.map((code) => [
      code,
      `${ERRORS[code].status}: ${ERRORS[code].message}. ${ERRORS[code].remedy}`,
    ]),
  );
}

function eventFields(events: Readonly<Record<string, Schema>>) {
  return Object.fromEntries(
    Object.entries(events).map(([name, schema]) => [
      name,
      fields(schema, "output") ?? {},
    ]),
  );
}
