import { assertEquals } from "@std/assert";
import { createRig } from "../testing/rig.ts";

const LOGIN = {
  host: "claude.ai",
  header: "cookie",
  name: "sessionKey",
  fingerprint: "0123456789abcdef",
  length: 42,
};

Deno.test("BrowserViewer.view() shows what a browser reported, dated by this machine", () => {
  const { browser, connect } = createRig();
  const socket = connect();
  socket.say({
    type: "credentials",
    credentials: [{
      ...LOGIN,
      capturedAt: "2025-12-31T23:59:00.000Z",
      seenAt: Date.parse("2030-01-01T00:00:00Z"),
    }],
  });
  socket.say({
    type: "api_endpoints",
    endpoints: [{ host: "CLAUDE.ai", method: "get", path: "/api/:id?x=1" }],
  });
  socket.say({
    type: "tabs",
    tabs: [{
      id: 4,
      url: "https://u:p@claude.ai/chat/1?token=CANARY#CANARY",
      title: "Chat",
      active: true,
      status: "complete",
      cookieStore: "firefox-container-2",
    }, { id: 5, url: "about:config" }],
    containers: [{ cookieStore: "firefox-container-2", name: "Work" }],
  });
  const { login_records, endpoints, policy, tabs, summary } = browser.viewer
    .view({});
  assertEquals(policy.allowed_hosts, ["127.0.0.1:8080"]);
  const seen = {
    client_id: "profile-1",
    platform: "claude",
    host: "claude.ai",
    seen_at: "2026-01-01T00:00:00.000Z",
    status: "fresh" as const,
  };
  assertEquals(login_records, [{
    ...seen,
    cookie_store: null,
    container: null,
    header: "cookie",
    name: "sessionKey",
    fingerprint: "0123456789abcdef",
    length: 42,
    captured_at: "2025-12-31T23:59:00.000Z",
    logged_out: false,
  }]);
  assertEquals(endpoints, [{ ...seen, method: "GET", path: "/api/:id" }]);
  assertEquals(tabs[0], {
    ...seen,
    cookie_store: "firefox-container-2",
    container: "Work",
    tab_id: 4,
    url: "https://claude.ai/chat/1",
    title: "Chat",
    active: true,
    load: "complete",
  });
  assertEquals(tabs[1]?.url, "about:");
  assertEquals(summary, {
    clients: 1,
    connected_clients: 1,
    tabs: 2,
    login_records: 1,
    endpoints: 1,
    fresh: 4,
    stale: 0,
    lost: 0,
  });
});

Deno.test("BrowserViewer.view() lets records age: fresh, stale, lost", async () => {
  const { browser, connect, clock } = createRig({
    browserHeartbeatMs: 10_000_000,
  });
  const socket = connect();
  socket.say({ type: "credentials", credentials: [LOGIN] });
  const status = () => browser.viewer.view({}).login_records[0]?.status;
  assertEquals(status(), "fresh");
  await clock.advance(300_000);
  assertEquals(status(), "fresh");
  await clock.advance(1);
  assertEquals(status(), "stale");
  await clock.advance(3_300_000);
  assertEquals(status(), "lost");
});

Deno.test("BrowserViewer.view() shows records as stale once their browser is gone", () => {
  const { browser, connect } = createRig();
  const socket = connect();
  socket.say({ type: "credentials", credentials: [LOGIN] });
  socket.drop();
  const view = browser.viewer.view({});
  assertEquals(view.login_records[0]?.status, "stale");
  assertEquals(view.bridge.connected, false);
  assertEquals(view.bridge.clients[0]?.connected, false);
});

Deno.test("BrowserViewer.view() shows a login as lost once the browser says so", () => {
  const { browser, connect } = createRig();
  const socket = connect();
  socket.say({
    type: "credentials",
    credentials: [{ ...LOGIN, loggedOut: true }],
  });
  assertEquals(browser.viewer.view({}).login_records[0]?.status, "lost");
});

Deno.test("BrowserViewer.view() filters by platform, host, client and status", () => {
  const { browser, connect } = createRig();
  const socket = connect();
  socket.say({
    type: "credentials",
    credentials: [
      LOGIN,
      { ...LOGIN, host: "gemini.google.com", loggedOut: true },
    ],
  });
  const hosts = (query: Parameters<typeof browser.viewer.view>[0]) =>
    browser.viewer.view(query).login_records.map((it) => it.host);
  assertEquals(hosts({ platform: "gemini" }), ["gemini.google.com"]);
  assertEquals(hosts({ host: "claude.ai" }), ["claude.ai"]);
  assertEquals(hosts({ status: "lost" }), ["gemini.google.com"]);
  assertEquals(hosts({ client_id: "nobody" }), []);
});

Deno.test("BrowserViewer.view() shows whose login is whose, by container", () => {
  const { browser, connect } = createRig();
  const socket = connect();
  const logins = ["one", "two"].map((cookieStore) => ({
    ...LOGIN,
    cookieStore,
  }));
  socket.say({ type: "credentials", credentials: logins });
  const name = (two: string) =>
    socket.say({
      type: "tabs",
      tabs: [{ id: 1, url: "https://claude.ai/", cookieStore: "two" }],
      containers: [
        { cookieStore: "one", name: "default" },
        { cookieStore: "two", name: two },
      ],
    });
  const owners = (container?: string) =>
    browser.viewer.view({ container }).login_records.map((it) => it.container);
  name("Work");
  assertEquals(owners(), ["default", "Work"]);
  assertEquals(owners("two"), ["Work"]);
  assertEquals(owners("Work"), ["Work"]);
  assertEquals(browser.viewer.view({ container: "one" }).tabs, []);
  name("Office");
  assertEquals(owners("two"), ["Office"], "its owner may name it anew");
  assertEquals(browser.viewer.view({}).bridge.clients[0]?.containers, [
    { cookie_store: "one", name: "default" },
    { cookie_store: "two", name: "Office" },
  ]);
});

Deno.test("Records keep nothing of a credential but what the contract names", () => {
  const { connect, store, log } = createRig();
  const socket = connect();
  socket.frame(JSON.stringify({
    type: "credentials",
    credentials: [{ ...LOGIN, value: "CANARY", raw: "sessionKey=CANARY" }],
    headers: { cookie: "CANARY" },
  }));
  socket.frame(JSON.stringify({
    type: "credentials",
    credentials: [{ ...LOGIN, fingerprint: "CANARY-is-no-fingerprint" }],
  }));
  assertEquals(store.credentials().length, 1);
  const kept = JSON.stringify([store.credentials(), log.lines, socket.sent]);
  assertEquals(kept.includes("CANARY"), false);
});
