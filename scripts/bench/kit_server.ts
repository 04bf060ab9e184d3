// deno-lint-ignore-file no-console -- its parent reads the port from stdout
/** A server for the HTTP bench: the kit, or a bare `Deno.serve` that does the same by hand. */
import { z } from "zod";
import { systemClock } from "../../shared/clock.ts";
import { listen } from "../../shared/daemon/listen.ts";
import type { Handle } from "../../shared/daemon/http_server.ts";
import { Dispatcher } from "../../shared/http/dispatcher.ts";
import { routeFor } from "../../shared/http/route.ts";
import { createLogger, type Logger } from "../../shared/log.ts";
import { Redactor } from "../../shared/redact.ts";

const log: Logger = createLogger({
  level: "warn",
  clock: systemClock,
  sink: { write: (line) => console.error(line) },
  redactor: new Redactor(),
});

const REQUEST_ID = /^[A-Za-z0-9._:-]{1,128}$/;
const ECHO = z.strictObject({ title: z.string(), count: z.int() });

function serveKit(): number {
  const route = routeFor<Record<string, never>>();
  const handlers: { handle?: Handle } = {};
  const listening = listen(
    new URL("http://127.0.0.1:0"),
    (request, info) => handlers.handle?.(request, info) ?? Promise.reject(),
    { clock: systemClock, log },
  );
  const app = new Dispatcher({
    routes: [
      route({
        id: "probe.healthz",
        method: "GET",
        path: "/healthz",
        kind: "read",
        surface: "control",
        exposure: "public",
        scope: "none",
        produces: "text",
        summary: "Answer ok",
        data: z.literal("ok"),
        handler: () => "ok" as const,
      }),
      route({
        id: "bench.post",
        method: "POST",
        path: "/v1/echo",
        kind: "read",
        surface: "business",
        exposure: "local",
        scope: "none",
        summary: "Echo a validated body",
        body: ECHO,
        data: z.object({ title: z.string(), count: z.int() }),
        example: { body: { title: "a", count: 1 } },
        handler: ({ body }) => body,
      }),
    ],
    deps: {},
    guard: {
      base: listening.base,
      publicBase: undefined,
      allowed: [],
      allowedOrigins: [],
      proxyAddresses: [],
      token: undefined,
    },
    limits: { maxBodyBytes: 16_777_216 },
    audit: {
      begin: () => Promise.resolve({ finish: () => Promise.resolve() }),
    },
    clock: systemClock,
    log,
  });
  handlers.handle = (request, info) => app.handle(request, info);
  return Number(listening.base.port);
}

/** The same work, and no more: request id, JSON, zod, envelope, the same headers. */
function serveBare(): number {
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    async (request) => {
      const given = request.headers.get("x-request-id");
      const requestId = given !== null && REQUEST_ID.test(given)
        ? given
        : `req_${crypto.randomUUID()}`;
      const headers = {
        "content-type": "application/json; charset=utf-8",
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
        "x-request-id": requestId,
      };
      const path = request.url.slice(request.url.indexOf("/", 8));
      if (request.method === "GET" && path === "/healthz") {
        headers["content-type"] = "text/plain; charset=utf-8";
        return new Response("ok", { headers });
      }
      if (request.method !== "POST" || path !== "/v1/echo") {
        return new Response("not found", { status: 404, headers });
      }
      const body = ECHO.safeParse(await request.json());
      const answer = body.success
        ? { ok: true, request_id: requestId, data: body.data }
        : { ok: false, request_id: requestId, error: body.error.issues };
      return new Response(JSON.stringify(answer), {
        status: body.success ? 200 : 400,
        headers,
      });
    },
  );
  return server.addr.port;
}

console.log(Deno.args[0] === "kit" ? serveKit() : serveBare());
