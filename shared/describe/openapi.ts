import { ERRORS } from "../errors.ts";
import type { RouteInfo } from "../http/mod.ts";
import { asksToken, type CurlOptions } from "./curl.ts";
import type { JsonSchema } from "./fields.ts";

import { SchemaBook } from "./schema_book.ts";

/** What an OpenAPI document says of its daemon. */
interface OpenApiFacts extends Pick<CurlOptions, "origin" | "hasToken"> {
  readonly title: string;
  readonly version: string;
}

const SUCCESS = {
  type: "object",
  required: ["ok", "request_id"],
  properties: { ok: { const: true }, request_id: { type: "string" } },
};

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
        details: { type: "object", additionalProperties: {} },
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
  const shared = book.share(JSON.parse(JSON.stringify(paths)));
  const answers = shareAnswers(shared);
  const given = shareParameters(shared);
  const text = JSON.stringify(shared);
  const failures = Object.entries(FAILURES)
    .filter(([key]) => text.includes(`"#/components/responses/${key}"`));
  return {
    openapi: "3.1.0",
    info: {
      title: facts.title,
      version: facts.version,
      description:
        "GET /describe/<operationId> tells all of one route: notes, events, what leads on.",
    },
    servers: [{ url: facts.origin }],
    security: facts.hasToken ? [{ token: [] }] : undefined,
    paths: shared,
    components: {
      schemas: {
        ...book.schemas,
        Ok: SUCCESS,
        Failure: FAILURE,
      },
      parameters: given,
      responses: { ...Object.fromEntries(failures), ...answers },
      securitySchemes: { token: { type: "http", scheme: "bearer" } },
    },
  };
}

/** Puts references in place of the answers that several operations give; returns these. */
function shareAnswers(paths: Record<string, Record<string, Operation>>) {
  const places = Object.values(paths).flatMap((item) =>
    Object.values(item).flatMap(({ operationId, responses }) =>
      Object.keys(responses).filter((status) => /^2/.test(status))
        .map((status) => ({ operationId, responses, status }))
    )
  );
  const alike = Map.groupBy(
    places,
    ({ responses, status }) => JSON.stringify(responses[status]),
  );
  const answers: Record<string, unknown> = {};
  for (const [text, uses] of alike) {
    const [first, ...others] = uses;
    if (first === undefined || others.length === 0) continue;
    answers[first.operationId] = JSON.parse(text);
    for (const { responses, status } of uses) {
      responses[status] = {
        $ref: `#/components/responses/${first.operationId}`,
      };
    }
  }
  return answers;
}

/** Puts references in place of the parameters that several operations take; returns these. */
function shareParameters(paths: Record<string, Record<string, Operation>>) {
  const lists = Object.values(paths).flatMap((item) =>
    Object.values(item).map(({ parameters = [] }) => parameters)
  );
  const uses = Map.groupBy(lists.flat(), (it) => JSON.stringify(it));
  const shared: Record<string, Parameter> = {};
  const refs = new Map<string, string>();
  for (const [text, [first, ...others]] of uses) {
    if (first === undefined || others.length === 0) continue;
    let { name } = first;
    for (let n = 2; name in shared; n++) name = `${first.name}${n}`;
    shared[name] = first;
    refs.set(text, `#/components/parameters/${name}`);
  }
  for (const list of lists) {
    for (const [n, it] of list.entries()) {
      const $ref = refs.get(JSON.stringify(it));
      if ($ref !== undefined) list[n] = { $ref } as unknown as Parameter;
    }
  }
  return shared;
}

interface Parameter {
  readonly name: string;
}

interface Operation {
  readonly operationId: string;
  readonly parameters?: Parameter[];
  readonly responses: Record<string, unknown>;
}

function operation(route: RouteInfo, facts: OpenApiFacts, book: SchemaBook) {
  return {
    operationId: route.id,
    summary: route.summary,
    deprecated: route.deprecated && true,
    "x-websocket": route.produces === "websocket" || undefined,
    ...parameters(route, book),
    requestBody: requestBody(route, book),
    responses: { ...successResponse(route, book), ...failures(route) },
    security: facts.hasToken && !asksToken(route) ? [] : undefined,
  };
}

function requestBody(
  { id, body, bodyRule, form }: RouteInfo,
  book: SchemaBook,
) {
  if (body === undefined) return undefined;
  // Forms are for people: a program that looks at one is told by /describe.
  if (form) return { content: { [FORM_TYPE]: { schema: { type: "object" } } } };
  const schema = book.write(`${id}.body`, body, "input");
  return {
    ...(bodyRule !== "optional" && { required: true }),
    content: { "application/json": { schema } },
  };
}

const FORM_TYPE = "application/x-www-form-urlencoded";

function parameters(
  { id, path, query, headers = {} }: RouteInfo,
  book: SchemaBook,
) {
  const text = { type: "string" };
  const inPath = [...path.matchAll(/:(\w+)/g)].map(([, name = ""]) => ({
    name,
    in: "path",
    required: true,
    schema: text,
  }));
  const { properties = {}, required = [] } = query === undefined
    ? {}
    : book.write(`${id}.query`, query, "input");
  const inQuery = Object.entries(properties).map(([name, schema]) => ({
    name,
    in: "query",
    ...(required.includes(name) && { required: true }),
    schema,
  }));
  const inHeader = Object.keys(headers).map((name) => ({
    name,
    in: "header",
    schema: text,
  }));
  const all = [...inPath, ...inQuery, ...inHeader];
  return all.length > 0 && { parameters: all };
}

function successResponse(route: RouteInfo, book: SchemaBook) {
  if (route.produces === "websocket") {
    return { 101: { description: "Switching Protocols" } };
  }
  if (route.form) return { 303: { description: "See Other" } };
  const data = book.write(`${route.id}.data`, route.data, "output");
  const content = {
    json: { "application/json": { schema: envelope(data) } },
    document: { "application/json": { schema: data } },
    text: TEXT,
    html: { "text/html": { schema: { type: "string" } } },
    sse: {},
  }[route.produces ?? "json"];
  const success = {
    description: route.endsWithCaller === undefined
      ? "OK"
      : "OK, or what failed late (ok: false)",
    content: {
      ...content,
      ...(route.alsoText && TEXT),
      ...eventContent(route),
    },
  };
  return {
    ...Object.fromEntries((route.status ?? [200]).map((it) => [it, success])),
    ...(route.revalidates && { 304: { description: "Not Modified" } }),
  };
}

const TEXT = { "text/plain": { schema: { type: "string" } } };

function eventContent({ events }: RouteInfo) {
  if (events === undefined) return {};
  return { "text/event-stream": { schema: { type: "string" } } };
}

function envelope(data: JsonSchema) {
  return {
    allOf: [
      { $ref: "#/components/schemas/Ok" },
      { properties: { data }, required: ["data"] },
    ],
  };
}

/** Which failures a route answers: its own by status, and those of any route. */
function failures({ errors = [], produces, form }: RouteInfo) {
  const own = form ? [] : errors.map((code) => [
    ERRORS[code].status,
    produces === "text"
      ? { description: code, content: TEXT }
      : { $ref: `#/components/responses/${ERRORS[code].status}` },
  ]);
  return Object.fromEntries([
    ...own,
    ["default", { $ref: "#/components/responses/any" }],
  ]);
}

/** Every failure by its status: two codes of one share a response. */
const FAILURES = Object.fromEntries(
  [...Object.values(ERRORS).map(({ status }) => status), "any"].map((
    key,
  ) => [
    key,
    {
      description: Object.entries(ERRORS)
        .filter(([, { status }]) => status === key)
        .map(([code]) => code).join(", ") || "Any failure",
      content: {
        "application/json": {
          schema: { $ref: "#/components/schemas/Failure" },
        },
      },
    },
  ]),
);
