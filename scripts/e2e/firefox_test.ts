import { assert, assertEquals, assertLess } from "@std/assert";
import { pattern } from "../../conductor/browser/testing/login_site.ts";
import { packExtension } from "../pack_extension.ts";
import { FirefoxRig, firefoxTest } from "../testing/firefox_rig.ts";

firefoxTest(
  "Firefox answers requests as the logged-in page would",
  async () => {
    await using rig = await FirefoxRig.start();
    const { site } = rig;
    await rig.openFirefox();

    const opened = await rig.act({
      action: "open_tab",
      url: `${site.origin}/login?code=CANARY-address-0d4e`,
    });
    assertEquals(opened.data.ok, true, JSON.stringify(opened));
    assertEquals(opened.data.result.url, `${site.origin}/login`);
    const { tabs } = await rig.until((it) =>
      it.tabs.some((tab) => tab.platform === "site" && tab.title === "Home")
    );
    assertEquals(
      tabs.find((tab) => tab.title === "Home")?.url,
      `${site.origin}/login`,
    );

    const me = await rig.request({ path: "/me" });
    assertEquals(me.status, 200, JSON.stringify(me));
    assertEquals(me.data.status, 200);
    assertEquals(JSON.parse(me.data.body), { user: "ada" });
    assertEquals(me.data.via, "page");
    assertEquals(me.data.tab_id, opened.data.result.tabId);
    assertEquals(me.data.headers["set-cookie"], undefined);

    const echoed = await rig.request({
      path: "/echo",
      method: "POST",
      headers: { "x-trace": "1" },
      body: { text: "grüezi" },
    });
    assertEquals(JSON.parse(echoed.data.body), { text: "grüezi" });
    const [seen] = site.to("/echo");
    assertEquals(seen?.headers.get("origin"), site.origin, "the page's own");
    assertEquals(
      seen?.headers.get("referer"),
      `${site.origin}/login?code=CANARY-address-0d4e`,
    );
    assertEquals(seen?.headers.get("x-trace"), "1");
    assertEquals(seen?.headers.get("sec-fetch-site"), "same-origin");

    for (const bytes of [0, 1, 1_048_576, 16_777_216]) {
      const answer = await rig.request({ path: `/bytes?n=${bytes}` });
      assertEquals(answer.status, 200, JSON.stringify(answer.error));
      assertEquals(answer.data.body_bytes, bytes);
      const body = answer.data.body === null
        ? Uint8Array.fromBase64(answer.data.body_base64)
        : new TextEncoder().encode(answer.data.body);
      assert(same(body, pattern(bytes)), `${bytes} bytes came changed`);
    }
    const large = await rig.request({ path: "/bytes?n=33554433" });
    assertEquals(large.error.details.reason, "body_too_large");

    const sent = "x".repeat(4_000_000);
    const back = await rig.request({
      path: "/echo",
      method: "POST",
      body: sent,
    });
    assertEquals(back.data.body === sent, true);

    const { login_records, endpoints } = await rig.until((it) =>
      it.login_records.length >= 2 && it.endpoints.length > 0
    );
    assert(login_records.every((it) => it.status === "fresh"));
    assert(
      login_records.some((it) => it.header === "cookie" && it.name === "sid"),
    );
    assert(login_records.some((it) => it.header === "authorization"));
    assertEquals(endpoints.map((it) => `${it.method} ${it.path}`), [
      "GET /api/items/:id",
    ]);
  },
);

firefoxTest("Firefox follows no request to where none may go", async () => {
  await using rig = await FirefoxRig.start();
  await rig.openLoggedIn();
  const { site } = rig;
  const there = await rig.request({ path: "/redirect?to=/me%3Fcode%3Dsecret" });
  assertEquals(JSON.parse(there.data.body), { user: "ada" });
  assertEquals(
    there.data.url,
    `${site.origin}/me`,
    "a redirect may hold a secret",
  );

  const { port } = new URL(site.origin);
  const before = site.seen.length;
  for (const to of [`http://localhost:${port}/me`, `${rig.origin}/v1/tasks`]) {
    const answer = await rig.request({
      path: `/redirect?to=${encodeURIComponent(to)}`,
      follow_redirects: true,
    });
    assertEquals(answer.status, 502);
    assertEquals(answer.error.details.reason, "target_refused");
  }
  assertEquals(
    site.seen.length,
    before + 2,
    "only the redirects were asked for",
  );

  for (
    const url of [
      `http://localhost:${port}/me`,
      `http://2130706433:1/`,
      `${rig.origin}/v1/system/state`,
      "file:///etc/passwd",
    ]
  ) {
    const answer = await rig.request({ url });
    assertEquals(answer.status, 400, url);
    assertEquals(answer.error.code, "INVALID_INPUT");
  }
});

firefoxTest("Firefox opens no tab where no request may go", async () => {
  await using rig = await FirefoxRig.start();
  await rig.openLoggedIn({
    preferences: { "network.dns.localDomains": "inner.test" },
  });
  const { site } = rig;
  const { port } = new URL(site.origin);
  const { tabs } = await rig.until((it) =>
    it.tabs.some(({ url }) => url === `${site.origin}/login`)
  );
  // It looks like a public name, and is this machine's own.
  const inner = `http://inner.test:${port}/page`;
  const there = `${site.origin}/redirect?to=${encodeURIComponent(inner)}`;
  for (const url of [inner, `${inner}#part`, there]) {
    for (const action of ["open_tab", "tab_restore"]) {
      const answer = await rig.act({ action, url });
      assertEquals(answer.data.ok, false, url);
      assertEquals(answer.data.error.code, "target_refused");
    }
  }
  assertEquals(site.to("/page").length, 0);
  const opened = await rig.act({
    action: "open_tab",
    url: `${site.origin}/redirect?to=/page`,
  });
  assertEquals(opened.data.result.url, `${site.origin}/page`);
  const seen = await rig.until((it) =>
    it.tabs.some(({ url }) => url === `${site.origin}/page`)
  );
  assertEquals(seen.tabs.length, tabs.length + 1);
});

firefoxTest("Firefox sends from the background where no page can", async () => {
  await using rig = await FirefoxRig.start();
  const { site } = rig;
  await rig.openFirefox();
  const nobody = await rig.request({ path: "/me" });
  assertEquals(nobody.data.status, 401);
  assertEquals(nobody.data.via, "background");

  await rig.act({ action: "open_tab", url: `${site.origin}/login` });
  const strict = await rig.act({
    action: "open_tab",
    url: `${site.origin}/strict`,
  });
  const tab_id = strict.data.result.tabId;
  const answer = await rig.request({ path: "/me", tab_id });
  assertEquals(answer.data.status, 200);
  assertEquals(answer.data.via, "background", "the page's policy forbids it");
  assertEquals(answer.data.tab_id, null);

  const gone = await rig.request({ path: "/me", tab_id: 4711 });
  assertEquals(gone.error.details.reason, "no_tab");
});

firefoxTest(
  "Firefox streams event by event, and stops when it is told or left",
  async () => {
    await using rig = await FirefoxRig.start();
    const { site } = rig;
    await rig.openLoggedIn();

    const told = await rig.stream({ path: "/stream", request_id: "told" });
    const first = await site.nextStream();
    const open = (await told.next()).value;
    assertEquals(open.event, "stream_open");
    assertEquals(open.data.via, "page");
    for (const n of [1, 2, 3]) {
      first.send(`event: tick\ndata: ${n}\n\n`);
      const { event, data } = (await told.next()).value;
      assertEquals(event, "stream_event");
      assertEquals(data, {
        request_id: "told",
        seq: n - 1,
        event: "tick",
        data: String(n),
      });
    }
    const canceled = await rig.cancel("told");
    assertEquals(canceled.data, {
      request_id: "told",
      running: true,
      confirmed: true,
    });
    await first.closed;
    const last = (await told.next()).value;
    assertEquals(last.event, "stream_error");
    assertEquals(last.data.code, "CANCELED");
    assertEquals(last.data.details.reason, "canceled");
    assertEquals((await told.next()).done, true);

    const leaving = new AbortController();
    const left = await rig.stream({ path: "/stream" }, leaving.signal);
    const second = await site.nextStream();
    await left.next();
    leaving.abort();
    await second.closed;
    await left.return(undefined).catch(() => {});
    await rig.until((it) => it.bridge.in_flight === 0);

    const whole = await rig.stream({ path: "/stream" });
    const third = await site.nextStream();
    third.send("data: a\n\ndata: b");
    third.send("\n\n");
    third.end();
    const events = await Array.fromAsync(whole);
    assertEquals(events.map((it) => it.event), [
      "stream_open",
      "stream_event",
      "stream_event",
      "stream_end",
    ]);

    const hurry = new AbortController();
    const abandoned = fetch(`${rig.origin}/v1/browser/request`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ platform: "site", path: "/never" }),
      signal: hurry.signal,
    }).catch(() => {});
    await rig.until((it) => it.bridge.in_flight === 1);
    hurry.abort();
    await abandoned;
    await rig.until((it) => it.bridge.in_flight === 0);

    const never = rig.request({ path: "/never", request_id: "never" });
    await rig.until((it) => it.bridge.in_flight === 1);
    assertEquals((await rig.cancel("never")).data.confirmed, true);
    assertEquals((await never).status, 409);
  },
);

firefoxTest(
  "Firefox ends a stream whose tab is closed or leaves the page",
  async () => {
    await using rig = await FirefoxRig.start();
    const { site } = rig;
    const firefox = await rig.openFirefox();
    for (const leave of ["close", "navigate"] as const) {
      await firefox.newTab(`${site.origin}/login`);
      const events = await rig.stream({ path: "/stream" });
      const stream = await site.nextStream();
      assertEquals((await events.next()).value.data.via, "page");
      const begun = performance.now();
      if (leave === "close") await firefox.closeTab();
      else await firefox.navigate(`${site.origin}/page`);
      const { event, data } = (await events.next()).value;
      assertEquals(event, "stream_error");
      assertEquals(data.details.reason, "tab_gone", leave);
      assertLess(performance.now() - begun, 5_000);
      assertEquals((await events.next()).done, true);
      await stream.closed;
    }
  },
);

firefoxTest(
  "Firefox comes back by itself when conductor was killed",
  async () => {
    await using rig = await FirefoxRig.start();
    const { site } = rig;
    await rig.openLoggedIn();
    await rig.until((it) => it.login_records.length > 0);
    const events = await rig.stream({ path: "/stream" });
    const stream = await site.nextStream();

    await rig.killConductor();
    await stream.closed;
    await Array.fromAsync(events).catch(() => {});
    await rig.startConductor();
    const view = await rig.view();
    assert(view.login_records.length > 0, "the records are there");
    await rig.until((it) => it.bridge.connected);
    assertEquals(
      (await rig.view()).summary.clients,
      1,
      "it is the same browser",
    );
    const me = await rig.request({ path: "/me" });
    assertEquals(me.data?.status, 200, JSON.stringify(me.error));
  },
);

firefoxTest(
  "Firefox being killed ends what runs within two heartbeats",
  async () => {
    await using rig = await FirefoxRig.start();
    const firefox = await rig.openLoggedIn();
    const buffered = rig.request({ path: "/never" });
    const events = await rig.stream({ path: "/stream" });
    await rig.site.nextStream();
    await events.next();
    await rig.until((it) => it.bridge.in_flight === 2);

    const begun = performance.now();
    await firefox.kill();
    const ended = await buffered;
    assertEquals(ended.status, 503);
    assertEquals(ended.error.code, "BROWSER_UNAVAILABLE");
    const { event, data } = (await events.next()).value;
    assertEquals(event, "stream_error");
    assertEquals(data.code, "BROWSER_UNAVAILABLE");
    assertEquals((await events.next()).done, true);
    assertEquals((await events.next()).done, true);
    const view = await rig.until((it) => !it.bridge.connected);
    assertLess(performance.now() - begun, 10_000);
    assert(view.tabs.every((it) => it.status === "stale"));
    const refused = await rig.request({ path: "/me" });
    assertEquals(refused.error.code, "BROWSER_UNAVAILABLE");
  },
);

firefoxTest(
  "Firefox leaves nothing running when its extension restarts",
  async () => {
    await using rig = await FirefoxRig.start();
    await rig.openLoggedIn();
    for (const action of ["ws_reconnect", "controller_reload"]) {
      const { bridge } = await rig.view();
      const [client] = bridge.clients;
      const events = await rig.stream({ path: "/stream" });
      const stream = await rig.site.nextStream();
      await events.next();
      const done = await rig.act({ action });
      assertEquals(done.data.ok, true);
      await stream.closed;
      assertEquals((await events.next()).value.event, "stream_error", action);
      assertEquals((await events.next()).done, true);
      await rig.until((it) =>
        it.bridge.connected &&
        it.bridge.clients[0]?.connection_id !== client?.connection_id
      );
      assertEquals((await rig.view()).bridge.clients.length, 1);
      assertEquals((await rig.request({ path: "/me" })).data.status, 200);
    }
  },
);

firefoxTest("Two Firefoxes serve side by side, each for itself", async () => {
  await using rig = await FirefoxRig.start();
  await rig.openLoggedIn();
  const first = (await rig.view()).bridge.active_client_id;
  await rig.act({ action: "pair" });
  await rig.openFirefox({ addon: await packExtension(rig.folder) });
  const second = (await rig.view()).bridge.active_client_id;
  assert(first !== second);
  const loggedIn = await rig.request({ path: "/me", client_id: first });
  const stranger = await rig.request({ path: "/me", client_id: second });
  assertEquals(loggedIn.data.status, 200);
  assertEquals(stranger.data.status, 401);
});

firefoxTest("Many requests at once each get their own answer", async () => {
  await using rig = await FirefoxRig.start({ BAA_BROWSER_MAX_IN_FLIGHT: "32" });
  await rig.openLoggedIn();
  const answers = await Promise.all(
    Array.from(
      { length: 32 },
      (_, i) =>
        rig.request({ path: "/echo", method: "POST", body: `number ${i}` }),
    ),
  );
  assertEquals(
    answers.map((it) => it.data?.body),
    answers.map((_, i) => `number ${i}`),
  );
});

/** Compares without the cost of a diff of megabytes. */
function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
