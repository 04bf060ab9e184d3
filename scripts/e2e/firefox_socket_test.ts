import { assert, assertEquals, assertMatch } from "@std/assert";
import { proofProtocol } from "../../conductor/browser/extension/sub_protocol.js";
import { RawSocket } from "../../conductor/browser/testing/raw_socket.ts";
import { ScriptedClient } from "../../conductor/browser/testing/scripted_client.ts";
import {
  BRIDGE_PURPOSE,
  newNonce,
  proof,
  proofKey,
} from "../../shared/proof.ts";
import { residentMiB } from "../bench/harness.ts";
import { tokenProtocol } from "../../conductor/browser/testing/token_protocol.ts";
import { startDaemon } from "../testing/daemon.ts";
import { call } from "../testing/http.ts";

const ORIGIN = "moz-extension://c1114b5c-495d-4412-bcee-9eb4b2f0113b";
const TOKEN = "correct-horse-battery";

const QUICK = { BAA_BROWSER_SPACING_MS: "0", BAA_BROWSER_HEARTBEAT_MS: "500" };

function protocols(token: string): string {
  return `Sec-WebSocket-Protocol: baa.v1, ${tokenProtocol(token)}`;
}

Deno.test("/ws/firefox judges Host and Origin before the 101", async () => {
  await using conductor = await startDaemon("conductor");
  const statusOf = async (...lines: string[]) => {
    using socket = await RawSocket.open(conductor.origin, lines);
    return socket.status;
  };
  assertMatch(await statusOf(), /101/);
  assertMatch(await statusOf(`Origin: ${ORIGIN}`), /101/);
  for (
    const origin of [
      "null",
      "http://evil.test",
      conductor.origin,
      "https://claude.ai",
      `${ORIGIN}.evil.test`,
      "chrome-extension://abcdefghijklmnopabcdefghijklmnop",
    ]
  ) assertMatch(await statusOf(`Origin: ${origin}`), / 403 /, origin);
  assertMatch(await statusOf("X-Forwarded-For: 1.2.3.4"), / 403 /);

  const plain = await fetch(`${conductor.origin}/ws/firefox`);
  assertEquals(plain.status, 426);
  assertEquals((await plain.json()).error.code, "UPGRADE_REQUIRED");
});

Deno.test("/ws/firefox takes the shared token in its sub-protocol, before the 101", async () => {
  await using conductor = await startDaemon("conductor", {
    BAA_SHARED_TOKEN: TOKEN,
  });
  const statusOf = async (...lines: string[]) => {
    using socket = await RawSocket.open(conductor.origin, lines);
    return socket.status;
  };
  assertMatch(await statusOf(), / 401 /);
  assertMatch(await statusOf(protocols("wrong")), / 401 /);
  assertMatch(await statusOf("Sec-WebSocket-Protocol: baa.token.%%%"), / 401 /);
  assertMatch(await statusOf(protocols(TOKEN)), /101/);
  assertMatch(
    await statusOf(protocols(TOKEN), "Origin: http://evil.test"),
    / 403 /,
  );
  // A browser never sends it.
  assertMatch(
    await statusOf(protocols(TOKEN), `Origin: ${ORIGIN}`),
    / 401 /,
  );

  await using client = await ScriptedClient.connect(conductor.origin, {
    token: TOKEN,
    clientId: "any-number",
  });
  await using second = await ScriptedClient.connect(conductor.origin, {
    token: TOKEN,
    clientId: "of-clients",
  });
  assert(client.clientId !== second.clientId);
});

Deno.test("/ws/firefox takes the proof of the token before the 101, once, and proves it in turn", async () => {
  await using conductor = await startDaemon("conductor", {
    BAA_SHARED_TOKEN: TOKEN,
  });
  const { origin } = conductor;
  const { host } = new URL(origin);
  const offer = async (
    fields: { readonly key?: string; readonly dialled?: string } = {},
  ) => {
    const clientNonce = newNonce();
    const url = `${origin}/v1/browser/challenge?client_nonce=${clientNonce}`;
    const { data } = await call(url);
    const mac = proof(proofKey(BRIDGE_PURPOSE, fields.key ?? TOKEN), {
      role: "client",
      authority: fields.dialled ?? host,
      nonces: [clientNonce, data.nonce],
    });
    const carrier = proofProtocol({ clientId: "a", clientNonce, mac });
    return `Sec-WebSocket-Protocol: baa.v1, ${carrier}`;
  };
  const statusOf = async (...lines: string[]) => {
    using socket = await RawSocket.open(origin, lines);
    return socket.status;
  };
  const from = `Origin: ${ORIGIN}`;
  const right = await offer();
  assertMatch(await statusOf(from, right), /101/);
  assertMatch(await statusOf(from, right), / 401 /, "a replay");
  assertMatch(await statusOf(from, await offer({ key: "wrong" })), / 401 /);
  assertMatch(
    await statusOf(from, await offer({ dialled: "127.0.0.1:9" })),
    / 401 /,
    "a relay",
  );
  assertMatch(await statusOf(from, "Sec-WebSocket-Protocol: baa.v1"), / 401 /);
  assertMatch(await statusOf(await offer()), /101/, "a program may, too");

  await using browser = await ScriptedClient.connect(origin, {
    origin: ORIGIN,
    token: TOKEN,
    clientId: "a",
  });
  const [ack] = browser.received;
  assert(ack?.type === "hello_ack" && ack.ok && ack.proof !== undefined);
  assertEquals(ack.pairingKey, undefined);
});

Deno.test("/ws/firefox stays open to a paired browser while strangers take every place", async () => {
  await using conductor = await startDaemon("conductor", QUICK);
  const { origin } = conductor;
  const known = { clientId: "a", origin: ORIGIN };
  await using first = await ScriptedClient.connect(origin, known);
  using stack = new DisposableStack();
  for (let i = 0; i < 16; i++) stack.use(await RawSocket.open(origin));
  await using again = await ScriptedClient.connect(origin, {
    ...known,
    pairingKey: first.pairingKey,
  });
  assertEquals(again.clientId, "a");
});

Deno.test("/ws/firefox closes with the codes that it promises", async () => {
  await using conductor = await startDaemon("conductor", QUICK);
  const { origin } = conductor;
  await using first = await ScriptedClient.connect(origin, { clientId: "a" });
  await using second = await ScriptedClient.connect(origin, {
    clientId: "a",
    pairingKey: first.pairingKey,
  });
  assertEquals((await first.closed).code, 4409);

  await using stranger = await ScriptedClient.open(origin, { clientId: "b" });
  stranger.hello();
  assertEquals((await stranger.closed).code, 4403);

  const opened = await call(`${origin}/v1/browser/actions`, {
    action: "pair",
  });
  assertEquals(opened.data.ok, true);
  await using paired = await ScriptedClient.connect(origin, { clientId: "b" });
  assertEquals(paired.clientId, "b");

  await using rude = await ScriptedClient.open(origin);
  rude.frame("{}");
  assertEquals((await rude.closed).code, 4400);

  second.frame("x".repeat(4_194_305));
  assertEquals((await second.closed).code, 1009);
});

Deno.test("/ws/firefox lives through malformed, fragmented and binary frames", async () => {
  await using conductor = await startDaemon("conductor", QUICK);
  const { origin } = conductor;
  const encoder = new TextEncoder();
  const hello = JSON.stringify({ type: "hello", clientId: "raw" });
  using raw = await RawSocket.open(origin);
  const [half, rest] = [hello.slice(0, 9), hello.slice(9)];
  await raw.send({ opcode: 1, last: false, payload: encoder.encode(half) });
  await raw.send({ opcode: 0, last: true, payload: encoder.encode(rest) });
  while (!(await call(`${origin}/v1/browser`)).data.bridge.connected);
  await raw.text("{not json");
  await raw.text("[]");
  await raw.text("null");
  await raw.text('{"type":"__proto__"}');
  await raw.text('{"type":"api_response","id":"nobody","status":200}');
  await raw.text(
    '{"type":"body_chunk","id":"nobody","seq":0,"last":true,"data":"%"}',
  );
  await raw.send({ opcode: 2, last: true, payload: new Uint8Array(10) });
  assertEquals(
    (await call(`${origin}/v1/browser`)).data.bridge.connected,
    true,
  );
  // Invalid UTF-8 ends the connection, and nothing else.
  await raw.send({ opcode: 1, last: true, payload: new Uint8Array([0xff]) });
  await raw.ended();
  const health = await fetch(`${origin}/healthz`);
  assertEquals((await health.text()).trim(), "ok");
});

Deno.test("/ws/firefox stays bounded with a client that never reads", async () => {
  await using conductor = await startDaemon("conductor", {
    ...QUICK,
    BAA_BROWSER_HOSTS: "127.0.0.1:9",
  });
  const { origin, pid } = conductor;
  using raw = await RawSocket.open(origin);
  await raw.text(JSON.stringify({ type: "hello", clientId: "deaf" }));
  while (!(await call(`${origin}/v1/browser`)).data.bridge.connected);
  const before = await residentMiB(pid);
  const body = "x".repeat(8_000_000);
  const requests = Array.from(
    { length: 3 },
    () =>
      call(`${origin}/v1/browser/request`, {
        url: "http://127.0.0.1:9/",
        method: "POST",
        body,
      }),
  );
  // It says that it is alive, and yet takes nothing.
  const alive = setInterval(
    () => void raw.text('{"type":"pong"}').catch(() => {}),
    200,
  );
  try {
    for (const answer of await Promise.all(requests)) {
      assertEquals(answer.status, 503);
      assertEquals(answer.error.code, "BROWSER_UNAVAILABLE");
    }
  } finally {
    clearInterval(alive);
  }
  assert(await residentMiB(pid) - before < 150, "memory stays bounded");
  assertEquals(
    (await call(`${origin}/v1/browser`)).data.bridge.connected,
    false,
  );
});

Deno.test("/ws/firefox takes few strangers at once, and lets them go", async () => {
  await using conductor = await startDaemon("conductor", QUICK);
  using stack = new DisposableStack();
  const statuses: string[] = [];
  for (let i = 0; i < 18; i++) {
    const socket = stack.use(await RawSocket.open(conductor.origin));
    statuses.push(socket.status.split(" ")[1] ?? "");
  }
  assertEquals(statuses.filter((it) => it === "101").length, 16);
  assertEquals(statuses.filter((it) => it === "429").length, 2);
});
