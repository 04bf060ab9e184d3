import { assertEquals } from "@std/assert";
import type { StreamEvent } from "../../../shared/http/route.ts";
import type { AuditedCaller } from "../../../shared/audit.ts";
import type { FakeSocket } from "../testing/fake_socket.ts";
import { CALLER } from "../testing/outcome.ts";
import { createRig, siteRequest } from "../testing/rig.ts";

/** Starts a stream; returns its events, its socket and its id. */
async function startStream(caller: AuditedCaller = CALLER) {
  const rig = createRig();
  const socket = rig.connect();
  const events = await rig.browser.requests.stream(
    siteRequest({ request_id: "s" }),
    caller,
  );
  return { ...rig, socket, events };
}

function open(socket: FakeSocket, type = "text/event-stream"): void {
  socket.say({
    type: "stream_open",
    id: "s",
    status: 200,
    headers: { "content-type": type },
    via: "page",
    tabId: 3,
    cookieStore: "firefox-default",
    container: "default",
  });
}

async function all(events: AsyncIterable<StreamEvent>): Promise<StreamEvent[]> {
  return await Array.fromAsync(events);
}

Deno.test("BrowserRequests.stream() passes the site's events on, parsed and numbered", async () => {
  const { socket, events } = await startStream();
  assertEquals(socket.last("api_request").responseMode, "sse");
  assertEquals(socket.last("api_request").headers, {
    accept: "text/event-stream",
  });
  open(socket);
  socket.say({
    type: "stream_event",
    id: "s",
    seq: 0,
    chunk: "id: 7\ndata: o",
  });
  socket.say({
    type: "stream_event",
    id: "s",
    seq: 1,
    chunk: "ne\n\nevent: tick\ndata: two\n\n",
  });
  socket.say({ type: "stream_end", id: "s" });
  assertEquals(await all(events), [
    {
      event: "stream_open",
      data: {
        request_id: "s",
        status: 200,
        headers: { "content-type": "text/event-stream" },
        url: "http://127.0.0.1:8080/me",
        via: "page",
        tab_id: 3,
        cookie_store: "firefox-default",
        container: "default",
        redirected_to: null,
        from_cache: null,
        format: "sse",
      },
    },
    {
      event: "stream_event",
      data: { request_id: "s", seq: 0, event: "message", data: "one", id: "7" },
    },
    {
      event: "stream_event",
      data: { request_id: "s", seq: 1, event: "tick", data: "two", id: "7" },
    },
    {
      event: "stream_end",
      data: { request_id: "s", events: 2, chars: 40 },
    },
  ]);
});

Deno.test("BrowserRequests.stream() passes text on that is no event stream", async () => {
  const { socket, events } = await startStream();
  open(socket, "application/json");
  socket.say({ type: "stream_event", id: "s", seq: 0, chunk: '{"a":' });
  socket.say({ type: "stream_event", id: "s", seq: 1, chunk: "1}" });
  socket.say({ type: "stream_end", id: "s" });
  const told = await all(events);
  assertEquals(told.slice(1, 3).map((it) => it.data), [
    { request_id: "s", seq: 0, event: "chunk", data: '{"a":' },
    { request_id: "s", seq: 1, event: "chunk", data: "1}" },
  ]);
});

Deno.test("BrowserRequests.stream() ends with stream_error when the browser goes", async () => {
  const { socket, events } = await startStream();
  open(socket);
  socket.drop();
  const told = await all(events);
  assertEquals(told.map((it) => it.event), ["stream_open", "stream_error"]);
  const { code, retryable } = told[1]?.data as Record<string, unknown>;
  assertEquals(code, "BROWSER_UNAVAILABLE");
  assertEquals(retryable, true);
});

Deno.test("BrowserRequests.stream() ends with stream_error when the tab goes", async () => {
  const { socket, events } = await startStream();
  open(socket);
  socket.say({ type: "stream_error", id: "s", code: "tab_gone", message: "" });
  socket.say({ type: "stream_end", id: "s" });
  const told = await all(events);
  assertEquals(told.map((it) => it.event), ["stream_open", "stream_error"]);
  assertEquals((told[1]?.data as Record<string, unknown>).details, {
    reason: "tab_gone",
  });
});

Deno.test("BrowserRequests.stream() cancels when its events are left", async () => {
  const { socket, events, browser } = await startStream();
  open(socket);
  await events.next();
  await events.return();
  assertEquals(socket.last("request_cancel").id, "s");
  socket.say({ type: "stream_error", id: "s", code: "canceled", message: "" });
  assertEquals(browser.viewer.view({}).bridge.in_flight, 0);
});

Deno.test("BrowserRequests.stream() cancels when its caller goes before the first event", async () => {
  const caller = new AbortController();
  const { socket } = await startStream({ ...CALLER, signal: caller.signal });
  caller.abort();
  assertEquals(socket.last("request_cancel").id, "s");
});

Deno.test("BrowserRequests.stream() is ended by a cancel with stream_error", async () => {
  const { socket, events, browser } = await startStream();
  open(socket);
  const canceled = browser.requests.cancel("s");
  socket.say({
    type: "stream_event",
    id: "s",
    seq: 0,
    chunk: "data: late\n\n",
  });
  socket.say({ type: "stream_error", id: "s", code: "canceled", message: "" });
  assertEquals((await canceled).confirmed, true);
  const told = await all(events);
  assertEquals(told.map((it) => it.event), ["stream_open", "stream_error"]);
  const { code, details } = told[1]?.data as Record<string, unknown>;
  assertEquals([code, details], ["CANCELED", { reason: "canceled" }]);
});

Deno.test("BrowserRequests.stream() cuts a reader off that is too slow", async () => {
  const { socket, events } = await startStream();
  open(socket);
  await events.next();
  const chunk = `data: ${"x".repeat(1_000_000)}\n\n`;
  for (let seq = 0; seq < 9; seq++) {
    socket.say({ type: "stream_event", id: "s", seq, chunk });
  }
  assertEquals(socket.last("request_cancel").reason, "slow_consumer");
  const told = await all(events);
  assertEquals(told.at(-1)?.event, "stream_error");
});

Deno.test("BrowserRequests.stream() cuts a site off whose event has no end", async () => {
  const { socket, events } = await startStream();
  open(socket);
  const chunk = "x".repeat(2_000_000);
  for (let seq = 0; seq < 3; seq++) {
    socket.say({ type: "stream_event", id: "s", seq, chunk });
  }
  assertEquals(socket.last("request_cancel").reason, "event_too_large");
  assertEquals((await all(events)).at(-1)?.event, "stream_error");
});

Deno.test("BrowserRequests.stream() refuses events out of turn", async () => {
  const { socket, events } = await startStream();
  open(socket);
  socket.say({ type: "stream_event", id: "s", seq: 5, chunk: "" });
  assertEquals((await all(events)).at(-1)?.event, "stream_error");
});

Deno.test("BrowserRequests.stream() records the host that redirects led to", async () => {
  const { audit, socket, events } = await startStream();
  const url = "https://bank.example/feed";
  const head = { status: 200, headers: {}, via: "page", url } as const;
  socket.say({ type: "stream_open", id: "s", ...head });
  socket.say({ type: "stream_end", id: "s" });
  await all(events);
  assertEquals(audit.rows.at(-1)?.outcome?.facts, {
    status: 200,
    final_host: "bank.example",
  });
});
