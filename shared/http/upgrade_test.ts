import { assertEquals } from "@std/assert";
import { AppError } from "../errors.ts";
import { ALL_SCOPES } from "./scopes.ts";
import { startKitApp } from "../testing/kit_app.ts";
import { until } from "../testing/until.ts";
import { RawConnection, rawRequest } from "../testing/raw_http.ts";

const HANDSHAKE = [
  "Upgrade: WebSocket",
  "Connection: keep-alive, Upgrade",
  "Sec-WebSocket-Version: 13",
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
];

/** Opens a WebSocket; resolves when it is open. */
async function connect(port: number): Promise<WebSocket> {
  const socket = new WebSocket(`ws://localhost:${port}/ws`);
  await new Promise((resolve) => socket.onopen = resolve);
  return socket;
}

function closed(socket: WebSocket): Promise<CloseEvent> {
  return new Promise((resolve) => socket.onclose = resolve);
}

function upgradeRequest(port: number, handshake = HANDSHAKE): string {
  return rawRequest({
    line: "GET /ws HTTP/1.1",
    headers: [`Host: localhost:${port}`, ...handshake],
  });
}

/** Returns a text frame as a client sends it: masked, with a mask of zeros. */
function frame(text: string): Uint8Array {
  const bytes = new TextEncoder().encode(text);
  return new Uint8Array([0x81, 0x80 | bytes.length, 0, 0, 0, 0, ...bytes]);
}

Deno.test("A socket is counted while it is open, and not after", async () => {
  await using kit = startKitApp();
  const socket = await connect(kit.port);
  const answer = new Promise<MessageEvent>((done) => socket.onmessage = done);
  socket.send('{"say":"hello"}');
  assertEquals((await answer).data, '{"said":"hello"}');
  assertEquals(kit.app.running, 1);
  const end = closed(socket);
  socket.close();
  await end;
  await until(() => kit.app.running === 0);
});

Deno.test("A handshake that is not valid is refused and nothing is counted", async () => {
  await using kit = startKitApp();
  const without = (name: string) =>
    HANDSHAKE.filter((it) => !it.startsWith(name));
  for (
    const [handshake, status] of [
      [[], 426],
      [without("Upgrade"), 426],
      [without("Connection"), 426],
      [[...without("Upgrade"), "Upgrade: h2c"], 426],
      [without("Sec-WebSocket-Version"), 426],
      [[...without("Sec-WebSocket-Version"), "Sec-WebSocket-Version: 8"], 426],
      [without("Sec-WebSocket-Key"), 400],
      [[...without("Sec-WebSocket-Key"), "Sec-WebSocket-Key: short"], 400],
    ] as const
  ) {
    using connection = await RawConnection.open(kit.port);
    await connection.send(upgradeRequest(kit.port, [...handshake]));
    const answer = await connection.answer();
    assertEquals(answer.status, status, `${handshake}`);
    assertEquals(kit.app.running, 0);
  }
  (await connect(kit.port)).close();
});

Deno.test("A socket is closed when what its client presented counts no more", async () => {
  const ended = new AbortController();
  const { signal } = ended;
  const principal = { actor: "ci", scopes: ALL_SCOPES, ended: signal };
  await using kit = startKitApp({
    guard: {
      token: "correct-horse-battery",
      credentials: [{ identify: () => principal }],
    },
  });
  const socket = new WebSocket(`ws://localhost:${kit.port}/ws`, {
    headers: { authorization: "Bearer something" },
  });
  await new Promise((resolve) => socket.onopen = resolve);
  const end = closed(socket);
  ended.abort(new AppError("UNAUTHORIZED"));
  const { code, reason } = await end;
  assertEquals([code, reason], [1008, "the token counts no more"]);
});

Deno.test("A 426 says what to upgrade to", async () => {
  await using kit = startKitApp();
  using connection = await RawConnection.open(kit.port);
  await connection.send(upgradeRequest(kit.port, []));
  const { headers, body } = await connection.answer();
  assertEquals(headers.get("upgrade"), "websocket");
  assertEquals(JSON.parse(body).error.code, "UPGRADE_REQUIRED");
});

Deno.test("A 101 carries the request id", async () => {
  await using kit = startKitApp();
  using connection = await RawConnection.open(kit.port);
  await connection.send(
    upgradeRequest(kit.port, [...HANDSHAKE, "X-Request-Id: mine"]),
  );
  const { status, headers } = await connection.answer();
  assertEquals([status, headers.get("x-request-id")], [101, "mine"]);
});

Deno.test("A route that refuses a socket answers like any failure", async () => {
  await using kit = startKitApp({
    deps: {
      socket: () => {
        throw new AppError("CONFLICT");
      },
    },
  });
  using connection = await RawConnection.open(kit.port);
  await connection.send(upgradeRequest(kit.port));
  assertEquals((await connection.answer()).status, 409);
  assertEquals(kit.app.running, 0);
});

Deno.test("A socket whose accept fails is closed, and the server goes on", async () => {
  await using kit = startKitApp({
    deps: {
      socket: () => ({
        accept: () => {
          throw new Error("as told");
        },
      }),
    },
  });
  const socket = new WebSocket(`ws://localhost:${kit.port}/ws`);
  assertEquals((await closed(socket)).code, 1011);
  await until(() => kit.app.running === 0);
  using connection = await RawConnection.open(kit.port);
  await connection.send(
    rawRequest({ headers: [`Host: localhost:${kit.port}`] }),
  );
  assertEquals((await connection.answer()).status, 200);
});

Deno.test("A client that leaves before the 101 leaves nothing behind", async () => {
  const asked = Promise.withResolvers<void>();
  const answer = Promise.withResolvers<void>();
  await using kit = startKitApp({
    deps: {
      socket: async () => {
        asked.resolve();
        await answer.promise;
        return { accept() {} };
      },
    },
  });
  {
    using connection = await RawConnection.open(kit.port);
    await connection.send(upgradeRequest(kit.port));
    await asked.promise;
    assertEquals(kit.app.running, 1);
  }
  // The departure is noticed first, or while the socket waits to be opened.
  await new Promise((done) => setTimeout(done, 20));
  answer.resolve();
  await until(() => kit.app.running === 0);
});

Deno.test("A handler that throws costs its socket, not the daemon", async () => {
  await using kit = startKitApp();
  const socket = await connect(kit.port);
  const end = closed(socket);
  socket.send('{"say":"throw"}');
  assertEquals((await end).code, 1011);
  await until(() => kit.app.running === 0);
});

Deno.test("Frames that are not right cost their socket, not the daemon", async () => {
  await using kit = startKitApp();
  for (const text of ["{", "[]", '{"say":1}', '{"say":"x","y":1}']) {
    const socket = await connect(kit.port);
    const end = closed(socket);
    socket.send(text);
    assertEquals((await end).code, 1008, text);
  }
  for (
    const bytes of [
      new Uint8Array([0x81, 0x83, 0, 0, 0, 0, 0xff, 0xfe, 0xfd]),
      new Uint8Array([0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
      new Uint8Array([
        0x81,
        0xff,
        0xff,
        0xff,
        0xff,
        0xff,
        0xff,
        0xff,
        0xff,
        0xff,
      ]),
      new Uint8Array([0x88, 0x81, 0, 0, 0, 0, 1]),
    ]
  ) {
    using connection = await RawConnection.open(kit.port);
    await connection.send(upgradeRequest(kit.port));
    assertEquals((await connection.answer()).status, 101);
    await connection.send(bytes);
  }
  {
    using abrupt = await RawConnection.open(kit.port);
    await abrupt.send(upgradeRequest(kit.port));
    await abrupt.answer();
    await abrupt.send(frame('{"say":"x"}').subarray(0, 4));
  }
  await until(() => kit.app.running === 0);
  const socket = await connect(kit.port);
  const end = closed(socket);
  socket.close();
  await end;
});

Deno.test("Sockets are closed 1001 when the app is quiesced, one that is opening too", async () => {
  const asked = Promise.withResolvers<void>();
  const answer = Promise.withResolvers<void>();
  let first = true;
  await using kit = startKitApp({
    deps: {
      socket: async () => {
        if (!first) {
          asked.resolve();
          await answer.promise;
        }
        first = false;
        return { accept() {} };
      },
    },
  });
  const open = await connect(kit.port);
  const opening = new WebSocket(`ws://localhost:${kit.port}/ws`);
  await asked.promise;
  const ends = [closed(open), closed(opening)];
  kit.app.quiesce();
  answer.resolve();
  assertEquals((await Promise.all(ends)).map(({ code }) => code), [1001, 1001]);
  await until(() => kit.app.running === 0);
});
