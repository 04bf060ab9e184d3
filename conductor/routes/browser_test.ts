import { assert, assertEquals } from "@std/assert";
import { Dispatcher } from "../../shared/http/dispatcher.ts";
import { fillIn, pathOf } from "../../shared/describe/curl.ts";
import type { GuardConfig } from "../../shared/http/guard.ts";
import { withImplied } from "../../shared/http/mod.ts";
import type { Route } from "../../shared/http/route.ts";
import { FakeServer } from "../../shared/testing/fake_server.ts";
import { RecordingAudit, silentLogger } from "../../shared/testing/fakes.ts";
import { FakeSocket } from "../browser/testing/fake_socket.ts";
import { createRig } from "../browser/testing/rig.ts";
import type { Deps } from "../deps.ts";
import { browserRoutes } from "./browser.ts";
import { claudeRoutes } from "./claude_legacy.ts";
import { firefoxSocketRoutes } from "./firefox_socket.ts";

/** A socket whose browser answers as one with a logged-in Claude would. */
function claudeBrowser(): FakeSocket {
  const socket = new FakeSocket();
  const send = socket.send.bind(socket);
  socket.send = (text) => {
    send(text);
    const message = socket.sent.at(-1);
    queueMicrotask(() => {
      if (message?.type === "api_request") {
        const body = message.url.endsWith("/api/organizations")
          ? '[{"uuid":"org-1"}]'
          : "{}";
        const { id } = message;
        socket.say({ type: "api_response", id, status: 200, body });
      } else if (message !== undefined && "id" in message) {
        socket.say({
          type: "action_status",
          id: message.id,
          action: message.type,
          ok: true,
        });
      }
    });
  };
  return socket;
}

/** The browser's routes alone, without a database, a port or a Firefox. */
function createServer(guard: Partial<GuardConfig> = {}) {
  const { browser, clock, connect } = createRig({
    browserHosts: [],
    browserPlatforms: [],
  });
  const origin = "http://127.0.0.1:4317";
  const app = new Dispatcher({
    routes: [...browserRoutes, ...claudeRoutes, ...firefoxSocketRoutes],
    // The other slices are none of these routes' business.
    deps: { browser } as Deps,
    guard: {
      base: new URL(origin),
      publicBase: undefined,
      allowed: [],
      allowedOrigins: [],
      proxyAddresses: [],
      token: undefined,
      ...guard,
    },
    limits: { maxBodyBytes: 1_000_000 },
    audit: new RecordingAudit(),
    clock,
    log: silentLogger,
  });
  const server = new FakeServer(
    (request, info) => app.handle(request, info),
    origin,
  );
  return { browser, connect, server };
}

for (const route of [...browserRoutes, ...claudeRoutes]) {
  Deno.test(`${route.id} answers its own example while a browser is connected`, async () => {
    const { browser, server } = createServer();
    const socket = claudeBrowser();
    browser.bridge.open(socket, {});
    socket.say({ type: "hello", clientId: "firefox-1" });
    const { example }: Route<Deps> = route;
    const filled = fillIn(example ?? {}, { browser: "firefox-1" });
    assert(filled !== undefined);
    const { body } = filled;
    const path = pathOf(route.path, filled);
    const response = await server.send(route.method, path, { body });
    const answer = await response.json();
    assert(answer.ok, JSON.stringify(answer));
    const result = route.data.safeParse(answer.data);
    assert(result.success, result.error?.message);
    const isOld = path.startsWith("/v1/browser/claude/");
    const dates = ["deprecation", "sunset"].map((it) =>
      response.headers.get(it)
    );
    assertEquals(
      dates,
      isOld ? ["@1793491200", "Mon, 01 Nov 2027 00:00:00 GMT"] : [null, null],
    );
  });
}

Deno.test("A deprecated route says so in a failure, too", async () => {
  const { server } = createServer();
  const response = await server.post("/v1/browser/claude/open", {});
  assertEquals(response.status, 503);
  await response.body?.cancel();
  assert(response.headers.has("deprecation") && response.headers.has("sunset"));
});

Deno.test("browser.request streams when its body or Accept asks for it", async () => {
  const { connect, server } = createServer();
  const socket = connect();
  const body = { platform: "claude", path: "/" };
  const typeOf = async (fields: object, accept?: string) => {
    const leave = new AbortController();
    const response = server.post("/v1/browser/request", {
      ...body,
      ...fields,
    }, {
      ...(accept !== undefined && { headers: { accept } }),
      signal: leave.signal,
    });
    while (socket.heard("api_request").length === 0) {
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    const { id, responseMode } = socket.last("api_request");
    socket.sent.length = 0;
    if (responseMode === "buffered") {
      socket.say({ type: "api_response", id, status: 200, body: "" });
    } else socket.say({ type: "stream_error", id, code: "network_error" });
    const answer = await response;
    await answer.body?.cancel();
    return answer.headers.get("content-type")?.split(";")[0];
  };
  const events = "text/event-stream";
  const json = "application/json";
  assertEquals(await typeOf({}), json);
  assertEquals(await typeOf({ response_mode: "sse" }), events);
  assertEquals(await typeOf({}, events), events);
  assertEquals(await typeOf({ response_mode: "buffered" }, events), json);
});

Deno.test("POST /v1/browser/actions asks for admin where it is about who the browser is", async () => {
  const { connect, server } = createServer({
    token: "the-owner-4711-x9k2",
    credentials: [{
      identify: (secret) =>
        secret === "browser" || secret === "admin"
          ? { actor: secret, scopes: withImplied([secret]) }
          : undefined,
    }],
  });
  const act = async (as: string, action: string) => {
    const response = await server.post("/v1/browser/actions", { action }, {
      headers: { authorization: `Bearer ${as}` },
    });
    const { ok, error } = await response.json();
    return ok ? "" : `${error.code} ${error.details?.required}`;
  };
  const socket = connect();
  for (const action of ["pair", "unpair"]) {
    assertEquals(await act("browser", action), "SCOPE_REQUIRED admin");
  }
  assertEquals(socket.closedWith, undefined);
  assertEquals(await act("admin", "pair"), "");
  const report = act("browser", "plugin_status");
  while (socket.heard("plugin_status").length === 0) {
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  socket.say({
    type: "action_status",
    id: socket.last("plugin_status").id,
    action: "plugin_status",
    ok: true,
  });
  assertEquals(await report, "");
  assertEquals(await act("admin", "unpair"), "");
});
