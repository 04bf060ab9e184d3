import { assertThrows } from "@std/assert";
import { z } from "zod";
import { Catalog } from "./catalog.ts";
import { contract, Reply, type Route, routeFor } from "./route.ts";

/** What the routes below may use. */
interface Deps {
  readonly name: string;
}

const route = routeFor<Deps>();
const base = {
  id: "things.write",
  method: "POST",
  kind: "write",
  surface: "business",
  exposure: "local",
  scope: "none",
  summary: "Write a thing",
} as const;
const Body = z.strictObject({ size: z.number() });
const Data = z.object({ size: z.number() });
const example = { params: { id: "x" }, body: { size: 1 } };

// Each `@ts-expect-error` is a check by itself: where the compiler stops
// complaining, `deno check` does. None of these routes is ever served.
export const misuses: readonly Route<Deps>[] = [
  route({
    ...base,
    path: "/things/:id",
    body: Body,
    data: Data,
    example,
    // @ts-expect-error the path has no such param
    handler: ({ params }) => ({ size: params.other.length }),
  }),
  route({
    ...base,
    path: "/things/:id",
    body: Body,
    data: Data,
    example,
    // @ts-expect-error the answer is not what the schema says
    handler: ({ body }) => ({ size: String(body.size) }),
  }),
  route({
    ...base,
    path: "/things/:id",
    body: Body,
    data: Data,
    example,
    // @ts-expect-error the answer lacks a field
    handler: () => ({}),
  }),
  route({
    ...base,
    path: "/things/:id",
    body: Body,
    data: Data,
    example,
    // @ts-expect-error nor may a Reply hold another shape
    handler: () => new Reply({ size: "1" }, { status: 201 }),
  }),
  route({
    ...base,
    path: "/things/:id",
    data: Data,
    // @ts-expect-error there is no body without a schema
    handler: ({ body }) => ({ size: body.size }),
  }),
  route({
    ...base,
    path: "/things/:id",
    data: Data,
    // @ts-expect-error there is no query without a schema
    handler: ({ query }) => ({ size: query.size }),
  }),
  route({
    ...base,
    path: "/things/:id",
    body: Body,
    data: Data,
    example,
    // @ts-expect-error the dependencies hold no such thing
    handler: ({ deps }) => ({ size: deps.other }),
  }),
  route({
    ...base,
    path: "/things/:id",
    body: Body,
    data: Data,
    // @ts-expect-error the table has no such error
    errors: ["NO_SUCH_ERROR"],
    example,
    handler: ({ body }) => body,
  }),
  route({
    ...base,
    path: "/things/:id",
    body: Body,
    data: Data,
    // @ts-expect-error the example's body is not what the schema says
    example: { params: { id: "x" }, body: { size: "1" } },
    handler: ({ body }) => body,
  }),
  route({
    ...base,
    path: "/things/:id",
    body: Body,
    data: Data,
    // @ts-expect-error the example's param is not in the path
    example: { params: { other: "x" }, body: { size: 1 } },
    handler: ({ body }) => body,
  }),
  // @ts-expect-error a route must say to whom it is exposed
  route({
    id: "things.read",
    method: "GET",
    kind: "read",
    surface: "business",
    summary: "Read",
    path: "/things",
    data: Data,
    handler: () => ({ size: 1 }),
  }),
  route({
    ...base,
    // @ts-expect-error a path begins with a slash
    path: "things",
    data: Data,
    handler: () => ({ size: 1 }),
  }),
  // @ts-expect-error something must answer it
  route({ ...base, path: "/things", data: Data }),
  // @ts-expect-error a handler answers no event stream
  route({
    ...base,
    path: "/things",
    data: Data,
    produces: "sse",
    events: { tick: Data },
    handler: () => ({ size: 1 }),
  }),
  // @ts-expect-error an event stream has no second answer
  route({
    ...base,
    path: "/things",
    data: Data,
    produces: "sse",
    events: { tick: Data },
    stream: async function* () {},
    handler: () => ({ size: 1 }),
  }),
  // @ts-expect-error each event has a schema
  route({
    ...base,
    path: "/things",
    data: Data,
    produces: "sse",
    stream: async function* () {},
  }),
  // @ts-expect-error each event has a schema where events are one of two answers, too
  route({
    ...base,
    path: "/things",
    data: Data,
    handler: () => ({ size: 1 }),
    stream: async function* () {},
  }),
  // @ts-expect-error only JSON has events as its second answer
  route({
    ...base,
    path: "/things",
    data: z.string(),
    produces: "text",
    handler: () => "",
    events: { tick: Data },
    stream: async function* () {},
  }),
  route({
    ...base,
    path: "/things",
    data: Data,
    // @ts-expect-error there is no such scope
    scope: "everything",
    handler: () => ({ size: 1 }),
  }),
  // @ts-expect-error nothing streams
  route({
    ...base,
    path: "/things",
    data: Data,
    handler: () => ({ size: 1 }),
    streams: () => true,
  }),
  // @ts-expect-error a handler answers no WebSocket
  route({
    ...base,
    path: "/things",
    data: Data,
    produces: "websocket",
    handler: () => ({ size: 1 }),
  }),
  // @ts-expect-error only a WebSocket has a socket
  route({
    ...base,
    path: "/things",
    data: Data,
    handler: () => ({ size: 1 }),
    socket: () => ({ accept() {} }),
  }),
];

// @ts-expect-error an error code in a contract is checked as well
contract({ ...base, path: "/things", data: Data, errors: ["NO_SUCH_ERROR"] });

const { scope: _scope, ...scopeless } = base;
const { exposure: _exposure, ...unexposed } = base;
export const undeclared: readonly Route<Deps>[] = [
  // @ts-expect-error a route says what its caller must hold
  route({
    ...scopeless,
    path: "/things",
    data: Data,
    handler: () => ({ size: 1 }),
  }),
  // @ts-expect-error a route says where it may be reached
  route({
    ...unexposed,
    path: "/things",
    data: Data,
    handler: () => ({ size: 1 }),
  }),
];
// @ts-expect-error a contract does, too
contract({ ...scopeless, path: "/things", data: Data });

Deno.test("routeFor() types what a right route is given", () => {
  const right = route({
    ...base,
    path: "/things/:id/parts/:part_id",
    query: z.strictObject({ limit: z.coerce.number().default(20) }),
    body: Body,
    data: Data,
    errors: ["NOT_FOUND"],
    example: { params: { id: "x", part_id: "y" }, body: { size: 1 } },
    handler: ({ params, query, body, deps }) => ({
      size: params.id.length + params.part_id.length + query.limit +
        body.size + deps.name.length,
    }),
  });
  new Catalog([right]);
});

Deno.test("Catalog refuses at start what the types cannot see", () => {
  const strange = {
    ...misuses[0],
    example: { params: { id: "x" }, body: { size: "1" } },
  } as unknown as Route<Deps>;
  assertThrows(() => new Catalog([strange]), TypeError, "refuses its example");
});
