import { assert, assertEquals } from "@std/assert";
import { BROWSER_LIMITS } from "../limits.ts";
import { FakeSocket } from "../testing/fake_socket.ts";
import { createRig, ORIGIN } from "../testing/rig.ts";

Deno.test("Connection answers hello with what holds for the connection", () => {
  const { connect } = createRig();
  const ack = connect().last("hello_ack");
  assert(ack.ok);
  assertEquals(ack.heartbeatMs, 10_000);
  assertEquals(ack.limits, { ...BROWSER_LIMITS });
  assertEquals(ack.allowedHosts, ["127.0.0.1:8080"]);
  assertEquals(ack.platforms.map((it) => it.name), [
    "claude",
    "chatgpt",
    "gemini",
    "site",
  ]);
  assertEquals(ack.state, { mode: "running" });
});

Deno.test("Connection learns after the welcome what the client is, and keeps it", () => {
  const { browser, connect } = createRig();
  const first = connect();
  assertEquals(
    browser.viewer.view({}).bridge.clients[0]?.browser,
    "Firefox 153.0",
  );
  first.drop();
  const again = new FakeSocket();
  browser.bridge.open(again, {
    proven: { clientId: "profile-1", answer: "answer" },
  });
  again.say({ type: "hello", clientId: "profile-1" });
  const [client] = browser.viewer.view({}).bridge.clients;
  assertEquals([client?.connected, client?.browser], [true, "Firefox 153.0"]);
  again.say({ type: "client_info", extensionVersion: "2.0.0" });
  const [later] = browser.viewer.view({}).bridge.clients;
  assertEquals([later?.extension_version, later?.browser], ["2.0.0", ""]);
});

Deno.test("Connection is closed with 4408 when no hello comes in 5 s", async () => {
  const { browser, clock } = createRig();
  const socket = new FakeSocket();
  browser.bridge.open(socket, {});
  assertEquals(browser.bridge.strangers, 1);
  await clock.advance(4_999);
  assertEquals(socket.closedWith, undefined);
  await clock.advance(1);
  const refusal = socket.last("hello_ack");
  assert(!refusal.ok);
  assertEquals(refusal.reason, "no_hello");
  assertEquals(socket.closedWith?.code, 4408);
  assertEquals(browser.bridge.strangers, 0);
  assertEquals(clock.pending, 0);
});

Deno.test("Connection is closed with 4400 when the first message is no hello", () => {
  for (const frame of ['{"type":"tabs","tabs":[]}', "nonsense", '{"type":1}']) {
    const { browser } = createRig();
    const socket = new FakeSocket();
    browser.bridge.open(socket, {});
    socket.frame(frame);
    const refusal = socket.last("hello_ack");
    assert(!refusal.ok);
    assertEquals(refusal.reason, "bad_hello");
    assertEquals(socket.closedWith?.code, 4400);
  }
});

Deno.test("Connection refuses a protocol version that it does not speak", () => {
  const { browser } = createRig();
  const socket = new FakeSocket();
  browser.bridge.open(socket, {});
  socket.say({ type: "hello", clientId: "profile-1", protocol: 2 });
  const refusal = socket.last("hello_ack");
  assert(!refusal.ok);
  assertEquals(refusal.reason, "bad_hello");
  assertEquals(socket.closedWith?.code, 4400);
});

Deno.test("Connection pings each heartbeat and lives while it is answered", async () => {
  const { clock, connect, browser } = createRig();
  const socket = connect();
  for (let beat = 1; beat <= 5; beat++) {
    await clock.advance(10_000);
    assertEquals(socket.heard("ping").length, beat);
    socket.say({ type: "pong" });
  }
  assertEquals(socket.closedWith, undefined);
  assert(browser.viewer.view({}).bridge.connected);
});

Deno.test("Connection is lost after two heartbeats of silence", async () => {
  const { browser, clock, connect, events } = createRig();
  const socket = connect();
  await clock.advance(19_999);
  assertEquals(socket.closedWith, undefined);
  await clock.advance(1);
  assertEquals(socket.closedWith?.code, 1001);
  assertEquals(browser.viewer.view({}).bridge.connected, false);
  assertEquals(events.at(-1)?.type, "browser.disconnected");
  assertEquals(clock.pending, 0);
});

Deno.test("Connection answers a frame that it cannot use, and lives", () => {
  const { connect, browser } = createRig();
  const socket = connect();
  socket.frame("{not json");
  socket.frame('{"type":"no_such_message"}');
  socket.frame('{"type":"tabs","tabs":"all of them"}');
  assertEquals(socket.heard("error").map((it) => it.code), [
    "INVALID_MESSAGE",
    "INVALID_MESSAGE",
    "INVALID_MESSAGE",
  ]);
  assertEquals(socket.closedWith, undefined);
  socket.say({ type: "tabs", tabs: [{ id: 1, url: "https://claude.ai/new" }] });
  assertEquals(browser.viewer.view({}).tabs.length, 1);
});

Deno.test("Connection is closed with 1008 after too many unusable frames", () => {
  const { connect } = createRig();
  const socket = connect();
  for (let i = 0; i < 21; i++) socket.frame("nonsense");
  assertEquals(socket.heard("error").length, 20);
  assertEquals(socket.closedWith?.code, 1008);
});

Deno.test("Connection is closed with 1009 when a frame is too large", () => {
  const { connect } = createRig();
  const socket = connect();
  socket.frame("x".repeat(BROWSER_LIMITS.maxMessageChars + 1));
  assertEquals(socket.closedWith?.code, 1009);
});

Deno.test("Connection takes a binary frame for an unusable one", () => {
  const { connect } = createRig();
  const socket = connect();
  socket.frame(new Uint8Array([1, 2, 3]));
  assertEquals(socket.heard("error").length, 1);
  assertEquals(socket.closedWith, undefined);
});

Deno.test("Connection drops messages that come faster than the rate allows", async () => {
  const { connect, clock, browser } = createRig();
  const socket = connect();
  // One of 200 was for client_info.
  for (let i = 0; i < 200; i++) {
    socket.say({ type: "tabs", tabs: [{ id: i, url: "https://claude.ai/" }] });
  }
  assertEquals(browser.viewer.view({}).tabs[0]?.tab_id, 198);
  assertEquals(socket.last("error").code, "TOO_MANY_MESSAGES");
  await clock.advance(1_000);
  socket.say({ type: "tabs", tabs: [{ id: 777, url: "https://claude.ai/" }] });
  assertEquals(browser.viewer.view({}).tabs[0]?.tab_id, 777);
});

Deno.test("Connection lets a client go that does not read", async () => {
  const { connect, clock, browser } = createRig();
  const socket = connect();
  socket.bufferedAmount = 2 * BROWSER_LIMITS.highWaterBytes + 1;
  await clock.advance(10_000);
  assertEquals(socket.closedWith?.code, 1013);
  assertEquals(browser.viewer.view({}).bridge.connected, false);
});

Deno.test("Connection takes a second hello for a mistake", () => {
  const { connect } = createRig();
  const socket = connect();
  socket.say({ type: "hello", clientId: "profile-2" });
  assertEquals(socket.last("error").code, "UNEXPECTED_HELLO");
  assertEquals(socket.heard("hello_ack").length, 1);
});

Deno.test("Connection bears a close that comes twice, and frames after it", () => {
  const { connect, events } = createRig();
  const socket = connect("profile-1", { origin: ORIGIN });
  socket.drop();
  socket.drop();
  socket.frame('{"type":"pong"}');
  assertEquals(
    events.filter((it) => it.type === "browser.disconnected").length,
    1,
  );
});
