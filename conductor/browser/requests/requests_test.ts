import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { BROWSER_LIMITS } from "../limits.ts";
import { CALLER, failureOf } from "../testing/outcome.ts";
import { createRig, siteRequest } from "../testing/rig.ts";

Deno.test("BrowserRequests.buffered() resolves with the site's response", async () => {
  const { browser, connect, clock } = createRig();
  const socket = connect();
  const answer = browser.requests.buffered(
    siteRequest({
      method: "POST",
      headers: { "X-Trace": "1" },
      body: { name: "Ada" },
      request_id: "mine",
    }),
    CALLER,
  );
  await clock.advance(0);
  await clock.advance(5);
  const request = socket.last("api_request");
  assertEquals(request, {
    type: "api_request",
    id: "mine",
    method: "POST",
    url: "http://127.0.0.1:8080/me",
    platform: "site",
    headers: { "content-type": "application/json", "x-trace": "1" },
    body: '{"name":"Ada"}',
    chunked: false,
    responseMode: "buffered",
    timeoutMs: 60_000,
    followRedirects: false,
    notTo: [],
  });
  socket.say({
    type: "api_response",
    id: "mine",
    status: 201,
    headers: {
      "Content-Type": "text/plain",
      "Set-Cookie": "sid=CANARY",
      "X-Auth-Token": "CANARY",
    },
    url: "http://127.0.0.1:8080/me",
    via: "page",
    tabId: 7,
    cookieStore: "firefox-container-2",
    container: "Work",
    redirectedTo: "https://login.example/",
    fromCache: true,
    body: "\uFEFFgrüezi",
  });
  assertEquals(await answer, {
    request_id: "mine",
    client_id: "profile-1",
    platform: "site",
    status: 201,
    headers: { "content-type": "text/plain" },
    url: "http://127.0.0.1:8080/me",
    via: "page",
    tab_id: 7,
    cookie_store: "firefox-container-2",
    container: "Work",
    redirected_to: "https://login.example/",
    from_cache: true,
    body: "grüezi",
    body_base64: null,
    body_bytes: 10,
    started_at: "2026-01-01T00:00:00.000Z",
    duration_ms: 5,
  });
  assertEquals(clock.pending, 2, "only the connection's own timers are left");
});

Deno.test("BrowserRequests.buffered() asks for a container, and says which could have been meant", async () => {
  const { audit, browser, connect, clock } = createRig();
  const socket = connect();
  const refused = async (container: string, error: object) => {
    const failed = failureOf(
      browser.requests.buffered(siteRequest({ container }), CALLER),
    );
    await clock.advance(0);
    const { id, container: asked } = socket.last("api_request");
    assertEquals(asked, container);
    socket.say({ type: "api_response", id, error });
    return await failed;
  };
  const work = { cookieStore: "firefox-container-2", name: "Work" };
  const choice = { container: "Work", cookie_store: "firefox-container-2" };
  const ambiguous = await refused("Work", {
    code: "ambiguous_container",
    containers: [{ ...work, tabIds: [3] }],
  });
  assertEquals(ambiguous.code, "CONFLICT");
  assertEquals(ambiguous.retryable, false);
  assertEquals(ambiguous.details, {
    reason: "ambiguous_container",
    choices: [{ ...choice, tab_ids: [3] }],
  });
  assertStringIncludes(ambiguous.hint ?? "", "tab_id");
  const unknown = await refused("Home", {
    code: "no_container",
    message: 'there is no container "Home"',
    containers: [work],
  });
  assertEquals(unknown.code, "INVALID_INPUT");
  assertEquals(unknown.details?.choices, [{ ...choice, tab_ids: [] }]);
  assertEquals(audit.rows.at(-1)?.intent.target.container, "Home");
});

Deno.test("BrowserRequests.buffered() asks no browser for a container that would not heed it", async () => {
  const { browser, connect } = createRig();
  const socket = connect();
  socket.say({ type: "client_info", capabilities: ["api_request"] });
  const container = "Work";
  const failed = await failureOf(
    browser.requests.buffered(siteRequest({ container }), CALLER),
  );
  assertEquals(failed.details?.reason, "no_containers");
  const action = { action: "open_tab", platform: "site", container } as const;
  const open = await failureOf(browser.actions.run(action, CALLER));
  assertEquals(open.details?.reason, "no_containers");
  assertEquals(socket.heard("api_request"), []);
});

Deno.test("BrowserRequests.buffered() says of a failure whether it may pass by itself", async () => {
  const { browser, connect, clock } = createRig({ browserBreakerFailures: 99 });
  const socket = connect();
  const retryable = async (error: object) => {
    const failed = failureOf(
      browser.requests.buffered(siteRequest(), CALLER),
    );
    await clock.advance(0);
    const { id } = socket.last("api_request");
    socket.say({ type: "api_response", id, error });
    return (await failed).retryable;
  };
  for (const code of ["network_error", "timeout", "tab_gone", "tab_busy"]) {
    assertEquals(await retryable({ code }), true, code);
  }
  for (const code of ["no_tab", "wrong_tab", "body_too_large", "blocked"]) {
    assertEquals(await retryable({ code }), false, code);
  }
  for (const state of ["busy", "dialog", "discarded"]) {
    const error = { code: "tab_busy", tabs: [{ tabId: 1, state }] };
    assertEquals(await retryable(error), state !== "discarded", state);
  }
});

Deno.test("BrowserRequests.buffered() puts a chunked response together", async () => {
  const { browser, connect, clock } = createRig();
  const socket = connect();
  const answer = browser.requests.buffered(siteRequest(), CALLER);
  await clock.advance(0);
  const { id } = socket.last("api_request");
  socket.say({ type: "api_response", id, status: 200, chunked: true });
  const parts = [new Uint8Array([0xff, 1]), new Uint8Array([2])];
  parts.forEach((part, seq) =>
    socket.say({
      type: "body_chunk",
      id,
      seq,
      last: seq === 1,
      data: part.toBase64(),
    })
  );
  const { body, body_base64, body_bytes } = await answer;
  assertEquals(body, null);
  assertEquals(body_base64, new Uint8Array([0xff, 1, 2]).toBase64());
  assertEquals(body_bytes, 3);
});

Deno.test("BrowserRequests.buffered() sends a large body in chunks", async () => {
  const { browser, connect, clock } = createRig();
  const socket = connect();
  const { chunkBytes } = BROWSER_LIMITS;
  const body = "x".repeat(2 * chunkBytes + 1);
  const answer = browser.requests.buffered(
    siteRequest({ method: "POST", body }),
    CALLER,
  );
  await clock.advance(0);
  const { id, chunked, body: inline } = socket.last("api_request");
  assert(chunked);
  assertEquals(inline, undefined);
  const chunks = socket.heard("body_chunk");
  assertEquals(chunks.map((it) => it.seq), [0, 1, 2]);
  assertEquals(chunks.map((it) => it.last), [false, false, true]);
  const text = chunks.map(({ data }) =>
    new TextDecoder().decode(Uint8Array.fromBase64(data))
  ).join("");
  assertEquals(text, body);
  socket.say({ type: "api_response", id, status: 200, body: "" });
  await answer;
});

Deno.test("BrowserRequests.buffered() holds a large body back while the socket is full", async () => {
  const { browser, connect, clock } = createRig();
  const socket = connect();
  const { chunkBytes, highWaterBytes } = BROWSER_LIMITS;
  const body = "x".repeat(2 * chunkBytes);
  const answer = browser.requests.buffered(
    siteRequest({ method: "POST", body }),
    CALLER,
  );
  socket.bufferedAmount = highWaterBytes + 1;
  await clock.advance(100);
  assertEquals(socket.heard("body_chunk").length, 0);
  socket.bufferedAmount = 0;
  await clock.advance(10);
  assertEquals(socket.heard("body_chunk").length, 2);
  const { id } = socket.last("api_request");
  socket.say({ type: "api_response", id, status: 204 });
  assertEquals((await answer).status, 204);
});

Deno.test("BrowserRequests.buffered() gives a browser up whose socket stays full", async () => {
  const { browser, connect, clock } = createRig();
  const socket = connect();
  const failed = failureOf(browser.requests.buffered(
    siteRequest({ method: "POST", body: "x".repeat(1_000_000) }),
    CALLER,
  ));
  socket.bufferedAmount = BROWSER_LIMITS.highWaterBytes + 1;
  await clock.advance(0);
  await clock.advance(10_000);
  assertEquals((await failed).code, "BROWSER_UNAVAILABLE");
  assertEquals(socket.closedWith?.code, 1013);
});

Deno.test("BrowserRequests refuses when no browser is connected", async () => {
  const { browser, connect } = createRig();
  const nobody = await failureOf(
    browser.requests.buffered(siteRequest(), CALLER),
  );
  assertEquals([nobody.code, nobody.retryable], ["BROWSER_UNAVAILABLE", true]);
  connect("a").drop();
  const away = await failureOf(
    browser.requests.buffered(siteRequest({ client_id: "a" }), CALLER),
  );
  assertEquals([away.code, away.retryable], ["BROWSER_UNAVAILABLE", true]);
  const another = await failureOf(
    browser.requests.buffered(siteRequest({ client_id: "b" }), CALLER),
  );
  const { code, retryable, message } = another;
  assertEquals([code, retryable], ["BROWSER_UNAVAILABLE", false]);
  assertMatch(message, /client "b" is not known/);
});

Deno.test("BrowserRequests refuses a request id that is in flight", async () => {
  const { browser, connect, clock } = createRig();
  const socket = connect();
  const order = siteRequest({ request_id: "same" });
  const first = browser.requests.buffered(order, CALLER);
  await clock.advance(0);
  const second = await failureOf(browser.requests.buffered(order, CALLER));
  assertEquals(second.code, "CONFLICT");
  socket.say({ type: "api_response", id: "same", status: 200, body: "" });
  await first;
  const third = browser.requests.buffered(order, CALLER);
  await clock.advance(0);
  socket.say({ type: "api_response", id: "same", status: 200, body: "" });
  assertEquals((await third).status, 200);
});

Deno.test("BrowserRequests ends a request at its deadline and cancels it in the browser", async () => {
  const { browser, connect, clock } = createRig();
  const socket = connect();
  const failed = failureOf(
    browser.requests.buffered(siteRequest({ timeout_ms: 1_000 }), CALLER),
  );
  await clock.advance(0);
  await clock.advance(1_000);
  const error = await failed;
  assertEquals(error.code, "UPSTREAM_TIMEOUT");
  assertEquals(socket.last("request_cancel").reason, "timeout");
  const { id } = socket.last("request_cancel");
  socket.say({
    type: "api_response",
    id,
    error: { code: "canceled", message: "" },
  });
  assertEquals(browser.viewer.view({}).bridge.in_flight, 0);
});

Deno.test("BrowserRequests cancels in the browser when the caller leaves", async () => {
  const { browser, connect, clock } = createRig();
  const socket = connect();
  const caller = new AbortController();
  const failed = failureOf(
    browser.requests.buffered(siteRequest(), {
      ...CALLER,
      signal: caller.signal,
    }),
  );
  await clock.advance(0);
  caller.abort();
  const { code, details } = await failed;
  assertEquals([code, details?.reason], ["CANCELED", "canceled"]);
  assertEquals(socket.heard("request_cancel").length, 1);
});

for (const way of ["buffered", "stream"] as const) {
  Deno.test(`BrowserRequests.${way}() sends nothing for a caller who left while it waited for its turn`, async () => {
    const { audit, browser, connect, clock } = createRig({
      browserSpacingMs: 1000,
    });
    const socket = connect();
    void failureOf(browser.requests.buffered(siteRequest(), CALLER));
    await clock.advance(0);
    const caller = new AbortController();
    const failed = failureOf(
      browser.requests[way](siteRequest(), {
        ...CALLER,
        signal: caller.signal,
      }),
    );
    await clock.advance(100);
    caller.abort();
    assertEquals((await failed).code, "CANCELED");
    assertEquals(audit.rows.at(-1)?.outcome, { ok: false, code: "CANCELED" });
    await clock.advance(3000);
    assertEquals(socket.heard("api_request").length, 1);
    assertEquals(browser.viewer.view({}).bridge.in_flight, 1);
  });
}

Deno.test("BrowserRequests ends every request when the browser goes", async () => {
  const { browser, connect, clock } = createRig();
  const socket = connect();
  const failures = ["a", "b"].map((request_id) =>
    failureOf(browser.requests.buffered(siteRequest({ request_id }), CALLER))
  );
  await clock.advance(0);
  socket.drop();
  for (const failure of failures) {
    const error = await failure;
    assertEquals(error.code, "BROWSER_UNAVAILABLE");
    assertEquals(error.details?.reason, "connection_lost");
  }
  assertEquals(clock.pending, 0);
});

Deno.test("BrowserRequests turns the extension's failures into the caller's", async () => {
  const cases = [
    ["network_error", "UPSTREAM_FAILED"],
    ["tab_gone", "UPSTREAM_FAILED"],
    ["timeout", "UPSTREAM_TIMEOUT"],
  ] as const;
  for (const [code, expected] of cases) {
    const { browser, connect, clock } = createRig();
    const socket = connect();
    const failed = failureOf(browser.requests.buffered(siteRequest(), CALLER));
    await clock.advance(0);
    const { id } = socket.last("api_request");
    socket.say({ type: "api_response", id, error: { code, message: "why" } });
    const error = await failed;
    assertEquals(error.code, expected);
    assertEquals(error.details?.reason, code);
  }
});

Deno.test("BrowserRequests.cancel() tells whether the page's fetch was aborted", async () => {
  const { browser, connect, clock } = createRig();
  const socket = connect();
  assertEquals(await browser.requests.cancel("nothing"), {
    request_id: "nothing",
    running: false,
    confirmed: false,
  });
  const failed = failureOf(
    browser.requests.buffered(siteRequest({ request_id: "r" }), CALLER),
  );
  await clock.advance(0);
  const canceled = browser.requests.cancel("r");
  assertEquals((await failed).code, "CANCELED");
  socket.say({
    type: "api_response",
    id: "r",
    error: { code: "canceled", message: "" },
  });
  assertEquals(await canceled, {
    request_id: "r",
    running: true,
    confirmed: true,
  });
});

Deno.test("BrowserRequests.cancel() is not confirmed when the response was quicker, or none comes", async () => {
  const { browser, connect, clock } = createRig();
  const socket = connect();
  const first = failureOf(
    browser.requests.buffered(siteRequest({ request_id: "r1" }), CALLER),
  );
  const second = failureOf(
    browser.requests.buffered(siteRequest({ request_id: "r2" }), CALLER),
  );
  await clock.advance(0);
  const quick = browser.requests.cancel("r1");
  const silent = browser.requests.cancel("r2");
  socket.say({ type: "api_response", id: "r1", status: 200, body: "" });
  assertEquals((await quick).confirmed, false);
  await clock.advance(5_000);
  assertEquals((await silent).confirmed, false);
  await Promise.all([first, second]);
});

Deno.test("BrowserRequests does not take one browser's answer for another's", async () => {
  const { browser, connect, clock } = createRig();
  const first = connect("a");
  await browser.actions.run({ action: "pair" }, CALLER);
  const second = connect("b");
  const answer = browser.requests.buffered(
    siteRequest({ client_id: "a", request_id: "r" }),
    CALLER,
  );
  await clock.advance(0);
  second.say({ type: "api_response", id: "r", status: 200, body: "forged" });
  first.say({ type: "api_response", id: "r", status: 200, body: "true" });
  assertEquals((await answer).body, "true");
});

Deno.test("BrowserRequests refuses an answer that breaks the order of its chunks", async () => {
  const { browser, connect, clock } = createRig();
  const socket = connect();
  const failed = failureOf(browser.requests.buffered(siteRequest(), CALLER));
  await clock.advance(0);
  const { id } = socket.last("api_request");
  socket.say({ type: "api_response", id, status: 200, chunked: true });
  socket.say({ type: "body_chunk", id, seq: 1, last: true, data: "" });
  const error = await failed;
  assertEquals(error.code, "UPSTREAM_FAILED");
  assertEquals(error.details?.reason, "protocol");
  assertEquals(socket.heard("request_cancel").length, 1);
});

Deno.test("BrowserRequests ends a response that is too large", async () => {
  const { browser, connect, clock } = createRig();
  const socket = connect();
  const failed = failureOf(browser.requests.buffered(siteRequest(), CALLER));
  await clock.advance(0);
  const { id } = socket.last("api_request");
  socket.say({ type: "api_response", id, status: 200, chunked: true });
  const data = new Uint8Array(2_097_152).toBase64();
  for (let seq = 0; seq <= 16; seq++) {
    socket.say({ type: "body_chunk", id, seq, last: false, data });
  }
  const error = await failed;
  assertEquals(error.details?.reason, "body_too_large");
  assertEquals(socket.last("request_cancel").reason, "body_too_large");
});

Deno.test("BrowserRequests does not pass on what a redirect to a private address brought", async () => {
  const { browser, connect, clock } = createRig();
  const socket = connect();
  const failed = failureOf(browser.requests.buffered(
    siteRequest({ url: "https://example.com/" }),
    CALLER,
  ));
  await clock.advance(0);
  const { id } = socket.last("api_request");
  socket.say({
    type: "api_response",
    id,
    status: 200,
    url: "http://192.168.1.1/admin",
    body: "router",
  });
  assertEquals((await failed).details?.reason, "target_refused");
});

Deno.test("BrowserRequests refuses headers that are the browser's own, naming each", async () => {
  const { browser, connect } = createRig();
  const socket = connect();
  const error = await failureOf(browser.requests.buffered(
    siteRequest({
      headers: { Cookie: "a=b", Authorization: "Bearer x", accept: "*/*" },
    }),
    CALLER,
  ));
  assertEquals(error.code, "INVALID_INPUT");
  const issues = error.details?.issues as { readonly path: string }[];
  assertEquals(issues.map((it) => it.path), [
    "headers.Cookie",
    "headers.Authorization",
  ]);
  assertEquals(socket.heard("api_request").length, 0);
});

Deno.test("BrowserRequests refuses a body that is larger than a browser takes", async () => {
  const { browser, connect } = createRig();
  const socket = connect();
  const body = "€".repeat(BROWSER_LIMITS.maxRequestBytes / 3 + 1);
  const error = await failureOf(
    browser.requests.buffered(siteRequest({ method: "POST", body }), CALLER),
  );
  assertEquals(error.code, "BODY_TOO_LARGE");
  assertEquals(socket.heard("api_request").length, 0);
});

Deno.test("BrowserRequests keeps large answers within one budget until they are passed on", async () => {
  const { browser, connect, clock } = createRig();
  const socket = connect();
  const releases: (() => void)[] = [];
  const caller = {
    ...CALLER,
    hold: (release: () => void) => void releases.push(release),
  };
  const data = new Uint8Array(2_097_152).toBase64();
  const ask = async () => {
    const answer = browser.requests.buffered(siteRequest(), caller);
    await clock.advance(0);
    const { id } = socket.last("api_request");
    socket.say({ type: "api_response", id, status: 200, chunked: true });
    for (let seq = 0; seq < 15; seq++) {
      socket.say({ type: "body_chunk", id, seq, last: seq === 14, data });
    }
    return await answer;
  };
  for (let i = 0; i < 4; i++) await ask();
  const error = await failureOf(ask());
  assertEquals(error.details?.reason, "memory_budget");
  for (const release of releases) release();
  assertEquals((await ask()).status, 200);
});

Deno.test("BrowserRequests.buffered() records the host that redirects led to", async () => {
  const { audit, browser, connect, clock } = createRig();
  const socket = connect();
  for (
    const [url, facts] of [
      ["https://bank.example/me", { final_host: "bank.example" }],
      ["http://127.0.0.1:8080/other", undefined],
    ] as const
  ) {
    const answer = browser.requests.buffered(siteRequest({}), CALLER);
    await clock.advance(0);
    const { id } = socket.last("api_request");
    const head = { status: 200, headers: {}, via: "page", url } as const;
    socket.say({ type: "api_response", id, ...head, body: "" });
    await answer;
    assertEquals(audit.rows.at(-1)?.outcome?.facts, facts);
  }
});

Deno.test("BrowserRequests counts a followed redirect for the site that answered, and tells which to leave alone", async () => {
  const { browser, connect, clock } = createRig({ browserBreakerFailures: 1 });
  const socket = connect();
  const send = async (url: string, status: number, from: string) => {
    const answer = browser.requests.buffered(
      siteRequest({ url, follow_redirects: true }),
      CALLER,
    );
    await clock.advance(0);
    const { id, notTo } = socket.last("api_request");
    socket.say({ type: "api_response", id, status, url: from, body: "" });
    await answer;
    return notTo;
  };
  const own = "http://127.0.0.1:8080/me";
  assertEquals(await send(own, 401, "https://claude.ai/login"), []);
  const states = browser.viewer.view({}).policy.platforms
    .map(({ platform, breaker }) => [platform, breaker]);
  assertEquals(states, [["site", "closed"], ["claude", "open"]]);
  const notTo = await send(own, 200, own);
  assertEquals(notTo.includes("claude.ai"), true);
});
