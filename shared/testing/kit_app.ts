import { z } from "zod";
import { type Clock, systemClock } from "../clock.ts";
import { listen } from "../daemon/listen.ts";
import type { Handle } from "../daemon/http_server.ts";
import { Dispatcher, type DispatcherLimits } from "../http/dispatcher.ts";
import type { GuardConfig } from "../http/guard.ts";
import {
  type Route,
  routeFor,
  type SocketPlan,
  type StreamEvent,
} from "../http/route.ts";
import { JsonSocket } from "../http/socket.ts";
import { countingIds, RecordingAudit, RecordingLogger } from "./fakes.ts";

/** What the routes of the test app do is the test's to say. */
export interface KitDeps {
  readonly events: (
    lastEventId: string | null,
    signal: AbortSignal,
  ) => AsyncIterable<StreamEvent>;
  readonly handle: (signal: AbortSignal) => unknown;
  readonly socket: () => SocketPlan | Promise<SocketPlan>;
}

/** What a test app may be started with. */
export interface KitOptions {
  /** In place of {@linkcode KIT_ROUTES}. */
  readonly routes?: readonly Route<KitDeps>[];
  readonly deps?: Partial<KitDeps>;
  readonly guard?: Partial<GuardConfig>;
  readonly limits?: Partial<DispatcherLimits>;
  readonly clock?: Clock;
}

const route = routeFor<KitDeps>();
const Any = z.unknown();
const read = { method: "GET", kind: "read", surface: "control" } as const;
const write = { method: "POST", kind: "write", surface: "control" } as const;

export const Note = z.strictObject({
  text: z.string(),
  count: z.int().min(1).max(9).default(1),
  inner: z.strictObject({ deep: z.boolean() }).optional(),
});

/** One route of every kind. */
export const KIT_ROUTES = [
  route({
    ...read,
    id: "open.read",
    path: "/open",
    exposure: "public",
    scope: "none",
    summary: "Answer anybody",
    data: Any,
    handler: ({ zone, authenticated }) => ({ zone, authenticated }),
  }),
  route({
    ...read,
    id: "probe",
    path: "/probe",
    exposure: "public",
    scope: "none",
    produces: "text",
    summary: "Answer a probe",
    data: z.literal("ok"),
    handler: () => "ok" as const,
  }),
  route({
    ...read,
    id: "page",
    path: "/page",
    exposure: "public",
    scope: "none",
    produces: "html",
    navigable: true,
    summary: "Show a page",
    data: z.string(),
    handler: () => "<p>page</p>",
  }),
  route({
    ...read,
    id: "shared.read",
    path: "/shared",
    exposure: "token",
    scope: "read",
    summary: "Answer who has the token",
    query: z.strictObject({ limit: z.coerce.number().int().max(9).optional() }),
    data: Any,
    handler: ({ query }) => query,
  }),
  route({
    ...write,
    id: "notes.write",
    path: "/notes",
    exposure: "local",
    scope: "automate",
    summary: "Take a note",
    body: Note,
    data: Any,
    example: { body: { text: "x" } },
    handler: ({ body }) => body,
  }),
  route({
    ...write,
    id: "push",
    path: "/push",
    exposure: "token",
    scope: "automate",
    bodyRule: "optional",
    summary: "Write with an optional body",
    body: Note.partial(),
    data: Any,
    handler: ({ body }) => body,
  }),
  route({
    ...write,
    id: "bare",
    path: "/bare",
    exposure: "local",
    scope: "admin",
    summary: "Write without a body",
    data: Any,
    handler: () => ({}),
  }),
  route({
    ...write,
    id: "inner",
    path: "/inner",
    exposure: "local",
    scope: "files",
    bodyRule: "inner",
    summary: "Judge the body inside",
    body: Note,
    data: Any,
    example: { body: { text: "x" } },
    handler: ({ body }) => body,
  }),
  route({
    ...read,
    id: "items.read",
    path: "/items/:item_id",
    exposure: "local",
    scope: "read",
    summary: "Read an item",
    data: Any,
    example: { params: { item_id: "i" } },
    handler: ({ params }) => params,
  }),
  route({
    ...write,
    method: "DELETE",
    id: "boxes.remove",
    path: "/boxes/:box_id",
    exposure: "local",
    scope: "files",
    summary: "Remove a box",
    data: Any,
    example: { params: { box_id: "b" } },
    handler: ({ params }) => params,
  }),
  route({
    ...read,
    id: "work",
    path: "/work",
    exposure: "local",
    scope: "exec",
    summary: "Do what the test says",
    data: Any,
    handler: ({ deps, signal }) => deps.handle(signal),
  }),
  route({
    ...read,
    id: "events",
    path: "/events",
    exposure: "local",
    scope: "read",
    produces: "sse",
    summary: "Follow",
    data: Any,
    events: { tick: Any },
    stream: ({ deps, headers, signal }) =>
      deps.events(headers.get("last-event-id"), signal),
  }),
  route({
    ...read,
    id: "ask",
    path: "/ask",
    exposure: "local",
    scope: "none",
    tokenless: true,
    summary: "Answer who is on the machine",
    data: Any,
    handler: ({ actor, authenticated }) => ({ actor, authenticated }),
  }),
  route({
    ...write,
    id: "run",
    path: "/run",
    exposure: "local",
    scope: "exec",
    summary: "Run, or follow the run",
    data: Any,
    events: { tick: Any },
    handler: () => "ran",
    stream: ({ deps, headers, signal }) =>
      deps.events(headers.get("last-event-id"), signal),
  }),
  route({
    ...read,
    id: "ws",
    path: "/ws",
    exposure: "local",
    scope: "browser",
    produces: "websocket",
    summary: "Talk",
    data: Any,
    allowsOrigin: (origin) => origin.startsWith("moz-extension://"),
    tokenless: (headers) =>
      headers.get("sec-websocket-protocol")?.startsWith("baa.proof.") === true,
    tokenFrom: (headers) =>
      /baa\.token\.(\S+)/.exec(headers.get("sec-websocket-protocol") ?? "")
        ?.[1],
    socket: ({ deps }) => deps.socket(),
  }),
];

/** A running test app. */
export interface KitApp extends AsyncDisposable {
  readonly port: number;
  readonly app: Dispatcher<KitDeps>;
  readonly log: RecordingLogger;
  readonly audit: RecordingAudit;
}

/** Serves {@linkcode KIT_ROUTES} on a free port of loopback. */
export function startKitApp(options: KitOptions = {}): KitApp {
  const log = new RecordingLogger();
  const audit = new RecordingAudit();
  const clock = options.clock ?? systemClock;
  let handle: Handle = () => Promise.resolve(Response.error());
  const listening = listen(
    new URL("http://127.0.0.1:0"),
    (request, info) => handle(request, info),
    { clock, log },
  );
  const app = new Dispatcher({
    routes: options.routes ?? KIT_ROUTES,
    deps: {
      events: async function* () {},
      handle: () => null,
      socket: () => ({ accept: echo }),
      ...options.deps,
    },
    guard: {
      base: listening.base,
      publicBase: undefined,
      allowed: [],
      allowedOrigins: [],
      proxyAddresses: [],
      token: undefined,
      ...options.guard,
    },
    limits: { maxBodyBytes: 65_536, ...options.limits },
    audit,
    clock,
    log,
    newId: countingIds(),
  });
  handle = (request, info) => app.handle(request, info);
  return {
    port: Number(listening.base.port),
    app,
    log,
    audit,
    async [Symbol.asyncDispose]() {
      app.quiesce();
      app.abortRequests();
      await listening.abort();
    },
  };
}

function echo(socket: WebSocket): void {
  new JsonSocket(socket, {
    schema: z.strictObject({ say: z.string() }),
    log: new RecordingLogger(),
    onMessage({ say }) {
      if (say === "throw") throw new Error("as told");
      socket.send(JSON.stringify({ said: say }));
    },
    onClose() {},
  });
}
