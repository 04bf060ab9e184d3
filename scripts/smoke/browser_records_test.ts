import { assert, assertEquals } from "@std/assert";
import type { BrowserView } from "../../conductor/browser/mod.ts";
import { BrowserSmoke, PLANTED } from "./testing/browser_smoke.ts";

const MINUTE_MS = 60_000;

/** A login record as the extension reports it, with a secret that it must not have. */
function login(host: string, fields: Readonly<Record<string, unknown>> = {}) {
  return {
    host,
    header: "cookie",
    name: "session",
    fingerprint: "0123456789abcdef",
    length: 40,
    value: PLANTED.cookie,
    ...fields,
  };
}

function statusOf(view: BrowserView, host: string): string | undefined {
  return view.login_records.find((it) => it.host === host)?.status;
}

Deno.test("what browsers report is shown, kept, and honest about its age", async (t) => {
  await using smoke = await BrowserSmoke.start();
  await t.step(
    "hello is answered with limits, platforms and the system's state",
    () => {
      const [ack] = smoke.client.received;
      assert(ack?.type === "hello_ack" && ack.ok);
      assertEquals(ack.state.mode, "running");
      assert(ack.platforms.some((it) => it.name === "claude"));
      return Promise.resolve();
    },
  );

  await t.step(
    "GET /v1/browser shows tabs, login records and endpoints",
    async () => {
      const { client } = smoke;
      client.say({
        type: "tabs",
        tabs: [{
          id: 7,
          url: `https://claude.ai/chat/c0ffee00-1?code=${PLANTED.address}`,
          title: "Chat",
          active: true,
          cookieStore: "firefox-container-2",
        }],
        containers: [
          { cookieStore: "firefox-default", name: "default" },
          { cookieStore: "firefox-container-2", name: "Work" },
        ],
      });
      client.say({
        type: "credentials",
        credentials: [
          login("claude.ai", { cookieStore: "firefox-container-2" }),
        ],
      });
      client.say({
        type: "api_endpoints",
        endpoints: [{ host: "claude.ai", method: "GET", path: "/api/:id" }],
      });
      const seen = await smoke.view((it) => it.endpoints.length === 1);
      assertEquals(seen.tabs[0]?.url, "https://claude.ai/chat/c0ffee00-1");
      assertEquals(seen.login_records[0]?.fingerprint, "0123456789abcdef");
      assertEquals(seen.login_records[0]?.platform, "claude");
      assertEquals(seen.endpoints[0]?.path, "/api/:id");
      for (const it of [seen.tabs[0], seen.login_records[0]]) {
        assertEquals(it?.cookie_store, "firefox-container-2");
        assertEquals(it?.container, "Work");
      }
      const { data } = await smoke.call("/v1/browser?container=default");
      assertEquals(data.summary.tabs + data.summary.login_records, 0);
      assertEquals(data.bridge.clients[0].containers.length, 2);
      assertEquals(seen.bridge.active_client_id, client.clientId);
    },
  );

  await t.step(
    "records are fresh, stale or lost by their age and by a logout",
    async () => {
      const now = Date.now();
      smoke.client.say({
        type: "credentials",
        credentials: [
          login("old.example", { seenAt: now - 10 * MINUTE_MS }),
          login("ancient.example", { seenAt: now - 120 * MINUTE_MS }),
          login("left.example", { loggedOut: true }),
        ],
      });
      const seen = await smoke.view((it) => it.login_records.length === 4);
      assertEquals(statusOf(seen, "claude.ai"), "fresh");
      assertEquals(statusOf(seen, "old.example"), "stale");
      assertEquals(statusOf(seen, "ancient.example"), "lost");
      assertEquals(statusOf(seen, "left.example"), "lost");
      const lost = await smoke.call("/v1/browser?status=lost");
      assertEquals(lost.data.summary.login_records, 2);
      const claude = await smoke.call("/v1/browser?platform=claude");
      assertEquals(claude.data.summary.login_records, 1);
    },
  );

  await t.step(
    "without a browser the records are stale, and requests say why not",
    async () => {
      await smoke.client[Symbol.asyncDispose]();
      const seen = await smoke.view((it) => !it.bridge.connected);
      assertEquals(statusOf(seen, "claude.ai"), "stale");
      const refused = await smoke.call("/v1/browser/request", {
        platform: "claude",
        path: "/api/organizations",
      });
      assertEquals(refused.status, 503);
      assertEquals(refused.error.code, "BROWSER_UNAVAILABLE");
      const { data } = await smoke.call("/v1/capabilities");
      const request = data.write_endpoints.find((it: { readonly id: string }) =>
        it.id === "browser.request"
      );
      assertEquals(request.available, false);
    },
  );

  await t.step(
    "after a kill -9 of conductor the records are there",
    async () => {
      await smoke.restart();
      const { data } = await smoke.call("/v1/browser");
      assertEquals(data.summary.login_records, 4);
      assertEquals(statusOf(data, "claude.ai"), "stale");
      assertEquals(data.tabs.length, 1);
    },
  );

  await t.step("the browser reconnects, and is the same one", async () => {
    await smoke.reconnect();
    const seen = await smoke.view((it) => it.bridge.connected);
    assertEquals(seen.summary.clients, 1);
    assertEquals(statusOf(seen, "claude.ai"), "fresh");
  });

  await t.step(
    "no planted secret is in the database, the logs, the audit, the events or an answer",
    () => smoke.expectNoSecret(),
  );
});
