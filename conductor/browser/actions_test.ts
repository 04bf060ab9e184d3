import { assertEquals } from "@std/assert";
import { CALLER, failureOf } from "./testing/outcome.ts";
import { createRig } from "./testing/rig.ts";

Deno.test("BrowserActions.run() resolves with what the extension reports", async () => {
  const { browser, connect, clock, audit } = createRig();
  const socket = connect();
  const outcome = browser.actions.run({
    action: "open_tab",
    url: "https://claude.ai/new",
    reason: "to look",
  }, CALLER);
  await clock.advance(0);
  assertEquals(socket.last("open_tab"), {
    type: "open_tab",
    id: "act_1",
    url: "https://claude.ai/new",
    reason: "to look",
  });
  socket.say({
    type: "action_status",
    id: "act_1",
    action: "open_tab",
    ok: true,
    result: { tabId: 9 },
  });
  assertEquals(await outcome, {
    action: "open_tab",
    client_id: "profile-1",
    ok: true,
    result: { tabId: 9 },
    error: null,
  });
  const { target } = audit.rows[0]?.intent ?? {};
  assertEquals([target?.host, target?.reason], ["claude.ai", "to look"]);
});

Deno.test("BrowserActions.run() opens a platform's home", async () => {
  const { browser, connect, clock } = createRig();
  const socket = connect();
  void failureOf(
    browser.actions.run({ action: "open_tab", platform: "site" }, CALLER),
  );
  await clock.advance(0);
  assertEquals(socket.last("open_tab").url, "http://127.0.0.1:8080/");
  void failureOf(
    browser.actions.run({ action: "tab_reload", platform: "site" }, CALLER),
  );
  await clock.advance(0);
  assertEquals(socket.last("tab_reload").url, undefined);
  assertEquals(socket.last("tab_reload").platform, "site");
  socket.drop();
});

Deno.test("BrowserActions.run() passes a failure on as the extension reports it", async () => {
  const { browser, connect, clock } = createRig();
  const socket = connect();
  const outcome = browser.actions.run(
    { action: "tab_focus", tab_id: 99 },
    CALLER,
  );
  await clock.advance(0);
  socket.say({
    type: "action_status",
    id: socket.last("tab_focus").id,
    action: "tab_focus",
    ok: false,
    error: { code: "no_tab", message: "Invalid tab ID: 99" },
  });
  const { ok, error } = await outcome;
  assertEquals(ok, false);
  assertEquals(error, { code: "no_tab", message: "Invalid tab ID: 99" });
});

Deno.test("BrowserActions.run() refuses what may not be opened", async () => {
  const { browser, connect } = createRig();
  const socket = connect();
  for (
    const fields of [
      {},
      { url: "http://192.168.1.1/reboot" },
      { url: "file:///etc/passwd" },
      { platform: "nowhere" },
    ]
  ) {
    const error = await failureOf(
      browser.actions.run({ action: "open_tab", ...fields }, CALLER),
    );
    assertEquals(error.code, "INVALID_INPUT");
  }
  assertEquals(socket.heard("open_tab").length, 0);
});

Deno.test("BrowserActions.run() ends when the browser goes, or never reports", async () => {
  const { browser, connect, clock } = createRig();
  const gone = connect();
  const lost = failureOf(
    browser.actions.run({ action: "plugin_status" }, CALLER),
  );
  await clock.advance(0);
  gone.drop();
  assertEquals((await lost).code, "BROWSER_UNAVAILABLE");
  const socket = connect();
  const late = failureOf(
    browser.actions.run({ action: "plugin_status" }, CALLER),
  );
  await clock.advance(0);
  for (let i = 0; i < 3; i++) {
    await clock.advance(10_000);
    socket.say({ type: "pong" });
  }
  assertEquals((await late).code, "UPSTREAM_TIMEOUT");
  const nobody = createRig().browser.actions.run(
    { action: "plugin_status" },
    CALLER,
  );
  assertEquals((await failureOf(nobody)).code, "BROWSER_UNAVAILABLE");
});

Deno.test("BrowserActions.run() passes on no credential that an extension reports", async () => {
  const { browser, connect, clock } = createRig();
  const socket = connect();
  const outcome = browser.actions.run({ action: "plugin_status" }, CALLER);
  await clock.advance(0);
  socket.say({
    type: "action_status",
    id: "act_1",
    action: "plugin_status",
    ok: false,
    result: {
      version: "1",
      credentials: 3,
      accessToken: "canary",
      last: [{ cookie: { sessionKey: "canary" } }, "Bearer canary.canary"],
    },
    error: { code: "failed", message: "sent Authorization: Bearer canary1" },
  });
  const { result, error } = await outcome;
  assertEquals(result, {
    version: "1",
    credentials: 3,
    accessToken: "***",
    last: [{ cookie: { sessionKey: "***" } }, "Bearer ***"],
  });
  assertEquals(error?.message.includes("canary"), false);
});
