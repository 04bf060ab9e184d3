import { assert, assertEquals } from "@std/assert";
import { CALLER, failureOf } from "../testing/outcome.ts";
import type { BrowserStore } from "../../store/mod.ts";
import { FakeSocket } from "../testing/fake_socket.ts";
import { createRig, ORIGIN, siteRequest } from "../testing/rig.ts";

const OTHER = "moz-extension://00000000-495d-4412-bcee-9eb4b2f0113b";

function identitiesIn(store: BrowserStore): readonly string[] {
  return store.identities().map((it) => it.identity);
}

Deno.test("Bridge pairs the first browser by itself and refuses the next with 4403", () => {
  const { connect, store } = createRig();
  assertEquals(connect("a", { origin: ORIGIN }).closedWith, undefined);
  const stranger = connect("b", { origin: OTHER });
  const refusal = stranger.last("hello_ack");
  assert(!refusal.ok);
  assertEquals(refusal.reason, "not_paired");
  assertEquals(stranger.closedWith?.code, 4403);
  assertEquals(identitiesIn(store), [ORIGIN]);
  assertEquals(connect("a", { origin: ORIGIN }).closedWith, undefined);
});

Deno.test("Bridge gives a key once, and from then on wants it proven", async () => {
  const { browser, connect, log, store } = createRig();
  const first = connect("a", { origin: ORIGIN }).last("hello_ack");
  assert(first.ok && first.pairingKey !== undefined);
  assertEquals(store.identities()[0]?.key, first.pairingKey);
  const again = connect("a", { origin: ORIGIN }).last("hello_ack");
  assert(again.ok);
  assertEquals([again.pairingKey, again.proof], [undefined, "answer"]);

  const lost = { origin: ORIGIN, lostKey: true };
  assertEquals(connect("a", lost).closedWith?.code, 4403);
  await browser.actions.run({ action: "pair" }, CALLER);
  const anew = connect("b", lost).last("hello_ack");
  assert(anew.ok && anew.pairingKey !== first.pairingKey);
  assertEquals(store.identities(), [
    { identity: ORIGIN, client_id: "b", key: anew.pairingKey ?? null },
  ]);
  // It is nobody else's business.
  const shown = JSON.stringify([browser.viewer.view({}), log.lines]);
  for (const { pairingKey } of [first, anew]) {
    assert(pairingKey !== undefined && !shown.includes(pairingKey));
  }
});

Deno.test("Bridge lets nobody else have a client id, with the door open or a token either", async () => {
  for (const options of [{}, { token: "a-Token-of-32-characters-it-is-1" }]) {
    const { browser, connect } = createRig(options);
    const owner = connect("a", { origin: ORIGIN });
    await browser.actions.run({ action: "pair" }, CALLER);
    for (const origin of [OTHER, undefined]) {
      const thief = connect("a", origin === undefined ? {} : { origin });
      assertEquals(thief.closedWith?.code, 4403, origin);
    }
    assertEquals(owner.closedWith, undefined);
    assertEquals(connect("b", { origin: OTHER }).closedWith, undefined);
  }
});

Deno.test("Bridge takes a client id for the one that was proven, and no other", () => {
  const { browser } = createRig();
  const socket = new FakeSocket();
  browser.bridge.open(socket, { proven: { clientId: "a", answer: "answer" } });
  socket.say({ type: "hello", clientId: "b" });
  const refusal = socket.last("hello_ack");
  assert(!refusal.ok);
  assertEquals(refusal.reason, "bad_hello");
  assertEquals(socket.closedWith?.code, 4400);
});

Deno.test("Bridge pairs an identity from before there were keys at its first hello", () => {
  const { connect, store } = createRig();
  store.saveIdentity({ identity: ORIGIN, client_id: null, key: null });
  assertEquals(connect("b", { origin: OTHER }).closedWith?.code, 4403);
  const ack = connect("a", { origin: ORIGIN }).last("hello_ack");
  assert(ack.ok);
  assertEquals(store.identities(), [
    { identity: ORIGIN, client_id: "a", key: ack.pairingKey ?? null },
  ]);
});

Deno.test("Bridge goes by the origin, not by the client id, where there is one", () => {
  const { connect } = createRig();
  connect("a", { origin: ORIGIN });
  assertEquals(connect("a", { origin: OTHER }).closedWith?.code, 4403);
  assertEquals(connect(ORIGIN.replaceAll("/", "")).closedWith?.code, 4403);
});

Deno.test("Bridge pairs another browser while the owner holds the door open", async () => {
  const { browser, connect, clock, store } = createRig();
  connect("a", { origin: ORIGIN });
  assertEquals(connect("local").closedWith?.code, 4403);
  const opened = await browser.actions.run({ action: "pair" }, CALLER);
  assertEquals(opened.result, {
    pairing_open_until: "2026-01-01T00:02:00.000Z",
  });
  assertEquals(
    browser.viewer.view({}).bridge.pairing.open_until,
    "2026-01-01T00:02:00.000Z",
  );
  await clock.advance(119_999);
  assertEquals(connect("local").closedWith, undefined);
  assertEquals(identitiesIn(store), [ORIGIN, "client:local"]);
  await clock.advance(1);
  assertEquals(connect("third").closedWith?.code, 4403);
  assertEquals(connect("local").closedWith, undefined);
});

Deno.test("Bridge forgets and closes every browser when the owner unpairs", async () => {
  const { browser, connect, store } = createRig();
  const first = connect("a", { origin: ORIGIN });
  const outcome = await browser.actions.run({ action: "unpair" }, CALLER);
  assertEquals(outcome.result, { closed: 1 });
  assertEquals(first.closedWith?.code, 4403);
  assertEquals(connect("b", { origin: OTHER }).closedWith, undefined);
  assertEquals(identitiesIn(store), [OTHER]);
  assertEquals(connect("a", { origin: ORIGIN }).closedWith?.code, 4403);
});

Deno.test("Bridge does not pair where a shared token decides", () => {
  const { connect, store } = createRig({
    token: "a-Token-of-32-characters-it-is-1",
  });
  for (const client of ["a", "b", "c"]) {
    const origin = client === "a" ? { origin: ORIGIN } : {};
    const socket = connect(client, origin);
    assertEquals(socket.closedWith, undefined);
    const ack = socket.last("hello_ack");
    assert(ack.ok);
    assertEquals(ack.pairingKey, undefined);
  }
  assertEquals(identitiesIn(store), [ORIGIN, "client:b", "client:c"]);
  assert(store.identities().every((it) => it.key === null));
});

Deno.test("Bridge replaces the older socket of a client with 4409", () => {
  const { browser, connect } = createRig();
  const older = connect("a");
  const newer = connect("a");
  assertEquals(older.closedWith?.code, 4409);
  assertEquals(newer.closedWith, undefined);
  older.drop();
  const { bridge } = browser.viewer.view({});
  assertEquals(bridge.clients.length, 1);
  assertEquals(bridge.clients[0]?.connection_id, "conn_2");
});

Deno.test("Bridge takes the newest hello for the active browser", async () => {
  const { browser, connect } = createRig();
  const first = connect("a");
  await browser.actions.run({ action: "pair" }, CALLER);
  const second = connect("b");
  assertEquals(browser.viewer.view({}).bridge.active_client_id, "b");
  second.drop();
  assertEquals(browser.viewer.view({}).bridge.active_client_id, "a");
  assertEquals(first.closedWith, undefined);
});

Deno.test("Bridge answers action_request with the state that HTTP answers", async () => {
  const { connect, clock } = createRig();
  const socket = connect();
  socket.say({ type: "action_request", id: "x", action: "pause" });
  await clock.advance(0);
  assertEquals(socket.last("action_result"), {
    type: "action_result",
    id: "x",
    action: "pause",
    ok: true,
    state: { mode: "paused" },
  });
});

Deno.test("Bridge answers action_request with the refusal that HTTP answers", async () => {
  const { connect, clock } = createRig();
  const socket = connect();
  socket.say({ type: "action_request", action: "drain" });
  await clock.advance(0);
  const result = socket.last("action_result");
  assertEquals(result.ok, false);
  assertEquals(result.error?.code, "NOT_LEADER");
});

Deno.test("Bridge tells every browser a change of the state", () => {
  const { browser, connect } = createRig();
  const socket = connect();
  browser.bridge.announce({ mode: "draining" });
  assertEquals(socket.last("state_snapshot").state, { mode: "draining" });
});

Deno.test("Bridge says goodbye at shutdown, and ends what runs with that reason", async () => {
  const { browser, connect, clock } = createRig();
  const socket = connect();
  const running = failureOf(
    browser.requests.buffered(siteRequest(), CALLER),
  );
  const stream = await browser.requests.stream(siteRequest(), CALLER);
  await clock.advance(0);
  browser.bridge.shutdown();
  assertEquals((await running).code, "SHUTTING_DOWN");
  const [last] = await Array.fromAsync(stream);
  assertEquals(last?.event, "stream_error");
  assertEquals((last?.data as { code: string }).code, "SHUTTING_DOWN");
  assertEquals(
    socket.heard("request_cancel").map((it) => it.reason),
    ["SHUTTING_DOWN", "SHUTTING_DOWN"],
  );
  assertEquals(socket.closedWith?.code, 1001);
  assertEquals(clock.pending, 0);
});
