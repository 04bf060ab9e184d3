import { STATUS_TEXT } from "@std/http";
import { type ErrorCode, ERRORS } from "../errors.ts";
import type { RouteInfo } from "../http/mod.ts";
import { asksToken } from "./curl.ts";
import { type JsonSchema, jsonSchema } from "./fields.ts";
import { type CurlOptions, fillIn } from "./curl.ts";
import { SchemaBook } from "./schema_book.ts";

/** What an OpenAPI document says of its daemon. */
interface OpenApiFacts extends CurlOptions {
  readonly title: string;
  readonly version: string;
}

const ANY_ROUTE: readonly ErrorCode[] = [
  "INVALID_INPUT",
  "HOST_NOT_ALLOWED",
  "ORIGIN_NOT_ALLOWED",
  "NOT_EXPOSED",
  "TOO_MANY_REQUESTS",
  "INTERNAL",
  "SHUTTING_DOWN",
];
const WITH_BODY: readonly ErrorCode[] = [
  "INVALID_JSON",
  "REQUEST_TIMEOUT",
  "BODY_TOO_LARGE",
  "UNSUPPORTED_MEDIA_TYPE",
];

const FAILURE = {
  type: "object",
  required: ["ok", "request_id", "error"],
  properties: {
    ok: { const: false },
    request_id: { type: "string" },
    error: {
      type: "object",
      required: ["code", "message", "retryable"],
      properties: {
        code: { type: "string", enum: Object.keys(ERRORS) },
        message: { type: "string" },
        hint: { type: "string" },
        retryable: { type: "boolean" },
        details: { type: "object" },
      },
    },
  },
};

/** Returns the OpenAPI 3.1 document of some routes. */
export function openapi(routes: readonly RouteInfo[], facts: OpenApiFacts) {
  const paths: Record<string, Record<string, unknown>> = {};
  const book = new SchemaBook();
  for (const route of routes) {
    const path = route.path.replace(/:(\w+)/g, "{$1}");
    const item = paths[path] ??= {};
    item[route.method.toLowerCase()] = operation(route, facts, book);
  }
  return {
    openapi: "3.1.0",
    info: { title: facts.title, version: facts.version },
    servers: [{ url: facts.origin }],
    tags: [{ name: "business" }, { name: "control" }, { name: "common" }],
    paths,
    components: {
      schemas: { ...book.schemas, Failure: FAILURE },
      securitySchemes: { token: { type: "http", scheme: "bearer" } },
    },
  };
}

function operation(route: RouteInfo, facts: OpenApiFacts, book: SchemaBook) {
  return {
    operationId: route.id,
    tags: [route.surface],
    summary: route.summary,
    description: route.notes?.join("\n"),
    deprecated: route.deprecated && true,
    "x-websocket": route.produces === "websocket" || undefined,
    "x-kind": route.kind,
    "x-exposure": route.exposure,
    "x-scope": route.scope,
    parameters: parameters(route),
    requestBody: requestBody(route, facts, book),
    responses: { ...successResponse(route, book), ...failures(route) },
    security: facts.hasToken && asksToken(route) ? [{ token: [] }] : undefined,
  };
}

function requestBody(
  { id, body, bodyRule, example }: RouteInfo,
  { exampleValues }: OpenApiFacts,
  book: SchemaBook,
) {
  if (body === undefined) return undefined;
  const media = {
    schema: book.write(`${id}.body`, body, "input"),
    example: example?.body && fillIn(example.body, exampleValues),
  };
  return {
    required: bodyRule !== "optional",
    content: { "application/json": media },
  };
}

function parameters(route: RouteInfo) {
  const inPath = [...route.path.matchAll(/:(\w+)/g)].map(([, name]) => ({
    name,
    in: "path",
    required: true,
    schema: { type: "string" },
  }));
  const query = route.query === undefined
    ? {}
    : jsonSchema(route.query, "input");
  const inQuery = Object.entries(query.properties ?? {}).map(
    ([name, schema]) => ({
      name,
      in: "query",
      required: query.required?.includes(name) ?? false,
      schema,
    }),
  );
  const inHeader = Object.entries(route.headers ?? {}).map(
    ([name, description]) => ({
      name,
      in: "header",
      description,
      schema: { type: "string" },
    }),
  );
  return [...inPath, ...inQuery, ...inHeader];
}

function successResponse(route: RouteInfo, book: SchemaBook) {
  if (route.produces === "websocket") {
    return { 101: { description: "Switching Protocols" } };
  }
  const data = book.write(`${route.id}.data`, route.data, "output");
  const content = {
    json: { "application/json": { schema: envelope(data) } },
    document: { "application/json": { schema: data } },
    text: { "text/plain": { schema: { type: "string" } } },
    html: { "text/html": { schema: { type: "string" } } },
    sse: {},
  }[route.produces ?? "json"];
  return {
    [route.status ?? 200]: {
      description: route.summary,
      content: { ...content, ...eventContent(route, book) },
    },
  };
}

function eventContent(route: RouteInfo, book: SchemaBook) {
  if (route.events === undefined) return {};
  return {
    "text/event-stream": {
      schema: {
        type: "string",
        description: `Events: ${Object.keys(route.events).join(", ")}`,
      },
      "x-events": Object.fromEntries(
        Object.entries(route.events).map(([name, schema]) => [
          name,
          book.write(`${route.id}.events.${name}`, schema, "output"),
        ]),
      ),
    },
  };
}

function envelope(data: JsonSchema) {
  return {
    type: "object",
    required: ["ok", "request_id", "data"],
    properties: {
      ok: { const: true },
      request_id: { type: "string" },
      data,
    },
  };
}

/** Failures by status: two codes of one status share a response. */
function failures(route: RouteInfo) {
  const codes = new Set<ErrorCode>([
    ...ANY_ROUTE,
    ...(route.body === undefined ? [] : WITH_BODY),
    ...(asksToken(route) ? ["UNAUTHORIZED"] as const : []),
    ...(route.scope === "none" ? [] : ["SCOPE_REQUIRED"] as const),
    ...(route.produces === "websocket" ? ["UPGRADE_REQUIRED"] as const : []),
    ...(route.errors ?? []),
  ]);
  const byStatus = Map.groupBy(codes, (code) => ERRORS[code].status);
  return Object.fromEntries(
    [...byStatus].map(([status, some]) => [status, {
      description: `${STATUS_TEXT[status]}: ${some.join(", ")}`,
      content: {
        "application/json": {
          schema: { $ref: "#/components/schemas/Failure" },
        },
      },
    }]),
  );
}
