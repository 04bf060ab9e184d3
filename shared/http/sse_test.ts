import { assertEquals, assertStringIncludes } from "@std/assert";
import { Channel } from "../channel.ts";
import { AppError } from "../errors.ts";
import { FakeClock } from "../testing/fake_clock.ts";
import { until } from "../testing/until.ts";
import { silentLogger } from "../testing/fakes.ts";
import { startKitApp } from "../testing/kit_app.ts";
import { RawConnection, rawRequest } from "../testing/raw_http.ts";
import { encodeEvent, type StreamEnd } from "./event_stream.ts";
import { wireError } from "./respond.ts";
import type { StreamEvent } from "./route.ts";
import { sse } from "./sse.ts";

const decoder = new TextDecoder();

function open(events: AsyncIterable<StreamEvent>, maxBufferedBytes = 1000) {
  const clock = new FakeClock();
  const abort = new AbortController();
  const ends: StreamEnd[] = [];
  const stream = sse(events, {
    clock,
    signal: abort.signal,
    describeError: (thrown) => wireError(thrown, silentLogger),
    onEnd: (reason) => ends.push(reason),
    maxBufferedBytes,
  });
  const reader = stream.getReader();
  return {
    clock,
    abort,
    ends,
    reader,
    async text(): Promise<string> {
      const { value } = await reader.read();
      return decoder.decode(value);
    },
    async rest(): Promise<string> {
      let text = "";
      while (true) {
        const { done, value } = await reader.read();
        if (done) return text;
        text += decoder.decode(value);
      }
    },
  };
}

async function* count(to: number): AsyncGenerator<StreamEvent> {
  for (let n = 1; n <= to; n++) {
    yield await Promise.resolve({ event: "tick", data: { n }, id: n });
  }
}

/** Events that never come; tells how it was ended. */
function silence() {
  const state = { returned: 0 };
  const events: AsyncIterable<StreamEvent> = {
    [Symbol.asyncIterator]: () => ({
      next: () => new Promise(() => {}),
      return: () => {
        state.returned++;
        return Promise.resolve({ done: true, value: undefined });
      },
    }),
  };
  return { events, state };
}

Deno.test("encodeEvent() lets no name end its line", () => {
  assertEquals(
    decoder.decode(
      encodeEvent({
        event: "codex.x\r\ndata: 1\n\n",
        data: 2,
        id: "3\revent: y",
      }),
    ),
    "event: codex.x data: 1 \nid: 3 event: y\ndata: 2\n\n",
  );
});

Deno.test("encodeEvent() writes event, id and one data line", () => {
  assertEquals(
    decoder.decode(encodeEvent({ event: "a", data: "x\ny\r", id: 7 })),
    'event: a\nid: 7\ndata: "x\\ny\\r"\n\n',
  );
  assertEquals(
    decoder.decode(encodeEvent({ event: "a", data: undefined })),
    "event: a\ndata: null\n\n",
  );
});

Deno.test("sse() sends every event in order, then ends", async () => {
  const { rest, ends, clock } = open(count(500));
  const ids = [...(await rest()).matchAll(/^id: (\d+)$/gm)]
    .map(([, id]) => Number(id));
  assertEquals(ids, Array.from({ length: 500 }, (_, index) => index + 1));
  assertEquals(ends, ["done"]);
  assertEquals(clock.pending, 0);
});

Deno.test("sse() tells why a source failed in its last event", async () => {
  const { rest, ends } = open(async function* () {
    yield await Promise.resolve({ event: "tick", data: 1 });
    throw new AppError("CONFLICT", "Cannot go on", { details: { at: 1 } });
  }());
  assertEquals(
    await rest(),
    'event: tick\ndata: 1\n\nevent: error\ndata: {"code":"CONFLICT",' +
      '"message":"Cannot go on","hint":"Read the present state, then decide ' +
      'again.","retryable":false,"details":{"at":1}}\n\n',
  );
  assertEquals(ends, ["failed"]);
});

Deno.test("sse() hides what an unknown failure says, and survives data that JSON cannot hold", async () => {
  for (
    const data of [1n, {
      toJSON: () => {
        throw new Error("/secret");
      },
    }]
  ) {
    const { rest, ends } = open(async function* () {
      yield await Promise.resolve({ event: "tick", data });
    }());
    const text = await rest();
    assertStringIncludes(text, '"code":"INTERNAL"');
    assertEquals(text.includes("secret"), false);
    assertEquals(ends, ["failed"]);
  }
  const details: Record<string, unknown> = {};
  details.self = details;
  const { rest } = open(async function* () {
    yield await Promise.resolve({ event: "tick", data: 1 });
    throw new AppError("CONFLICT", "x", { details });
  }());
  assertStringIncludes(await rest(), '"code":"INTERNAL"');
});

Deno.test("sse() sends a heartbeat while nothing else is sent", async () => {
  const { events } = silence();
  const { clock, text, reader } = open(events);
  const first = text();
  await clock.advance(14_999);
  await clock.advance(1);
  assertEquals(await first, ": heartbeat\n\n");
  const second = text();
  await clock.advance(15_000);
  assertEquals(await second, ": heartbeat\n\n");
  await reader.cancel();
  assertEquals(clock.pending, 0);
});

Deno.test("sse() ends its source when the reader leaves", async () => {
  const { events, state } = silence();
  const { reader, ends, clock } = open(events);
  await reader.cancel();
  assertEquals([state.returned, ends, clock.pending], [1, ["left"], 0]);
});

Deno.test("sse() tells the reason when it is aborted, and ends its source", async () => {
  const { events, state } = silence();
  const { rest, abort, ends } = open(events);
  const text = rest();
  abort.abort(new AppError("SHUTTING_DOWN"));
  assertStringIncludes(await text, '"code":"SHUTTING_DOWN"');
  assertEquals([state.returned, ends], [1, ["failed"]]);
});

Deno.test("sse() takes no more events than a slow reader has room for", async () => {
  let taken = 0;
  const event = { event: "tick", data: "x".repeat(85) };
  const size = encodeEvent(event).byteLength;
  const { reader, clock } = open(
    async function* () {
      while (true) {
        taken++;
        yield await Promise.resolve(event);
      }
    }(),
    10 * size,
  );
  await clock.advance(0);
  assertEquals(taken, 10);
  const { value } = await reader.read();
  assertEquals(value?.byteLength, 10 * size);
  await clock.advance(0);
  assertEquals(taken, 20);
  await reader.cancel();
});

Deno.test("sse() takes from a channel, which keeps what waits by itself, only the next event", async () => {
  const channel = new Channel<StreamEvent>({ limit: 100 });
  const { reader, clock, text } = open(channel);
  for (let n = 1; n <= 5; n++) channel.push({ event: "tick", data: n });
  await clock.advance(0);
  assertEquals(channel.waiting, 4);
  for (let n = 1; n <= 5; n++) {
    assertEquals(await text(), `event: tick\ndata: ${n}\n\n`);
    await clock.advance(0);
  }
  assertEquals(channel.waiting, 0);
  await reader.cancel();
});

Deno.test("sse() gives a reader up that takes nothing, and ends the source", async () => {
  let ended = false;
  const { reader, ends, clock } = open(async function* () {
    try {
      while (true) {
        yield await Promise.resolve({ event: "tick", data: "x".repeat(100) });
      }
    } finally {
      ended = true;
    }
  }());
  await clock.advance(0);
  await clock.advance(29_999);
  assertEquals(ends, []);
  await clock.advance(1);
  assertEquals([ends, ended, clock.pending], [["stalled"], true, 0]);
  const failed = await reader.read().then(() => "read", (error) => error.name);
  assertEquals(failed, "ReaderStalled");
});

Deno.test("sse() gives a reader up that does not take the end either", async () => {
  const { ends, clock } = open(count(3));
  await clock.advance(0);
  assertEquals(ends, []);
  await clock.advance(30_000);
  assertEquals([ends, clock.pending], [["stalled"], 0]);
});

Deno.test("sse() keeps a slow reader that takes something now and then", async () => {
  const { reader, ends, clock } = open(count(100_000));
  for (let round = 0; round < 5; round++) {
    await clock.advance(29_000);
    await reader.read();
  }
  assertEquals(ends, []);
  await reader.cancel();
});

/** Opens a stream of the test app and returns the connection after its head. */
async function follow(port: number, headers: readonly string[] = []) {
  const connection = await RawConnection.open(port);
  await connection.send(rawRequest({
    line: "GET /events HTTP/1.1",
    headers: [`Host: localhost:${port}`, ...headers],
  }));
  const { status } = await connection.answer();
  assertEquals(status, 200);
  return connection;
}

Deno.test("A stream is given the Last-Event-ID and may answer a POST that asks for events", async () => {
  const seen: (string | null)[] = [];
  await using kit = startKitApp({
    deps: {
      events: (lastEventId) => {
        seen.push(lastEventId);
        return count(1);
      },
    },
  });
  {
    using connection = await follow(kit.port, ["Last-Event-ID: 41"]);
    await connection.readUntil('data: {"n":1}\n\n');
    await connection.readUntil("0\r\n\r\n");
  }
  using post = await RawConnection.open(kit.port);
  const ask = (accept: string) =>
    post.send(rawRequest({
      line: "POST /run HTTP/1.1",
      headers: [`Host: localhost:${kit.port}`, `Accept: ${accept}`],
    }));
  await ask("text/event-stream");
  const events = await post.answer();
  assertEquals(
    events.headers.get("content-type"),
    "text/event-stream; charset=utf-8",
  );
  await post.readUntil("0\r\n\r\n");
  for (
    const accept of [
      "*/*",
      "application/json",
      "application/json, text/event-stream",
    ]
  ) {
    await ask(accept);
    assertEquals(JSON.parse((await post.answer()).body).data, "ran");
  }
  assertEquals(seen, ["41", null]);
  await until(() => kit.app.running === 0);
});

Deno.test("A stream whose client leaves is cancelled and no longer counted", async () => {
  const aborted = Promise.withResolvers<void>();
  await using kit = startKitApp({
    deps: {
      events: async function* (_, signal) {
        signal.addEventListener("abort", () => aborted.resolve());
        yield { event: "tick", data: 1 };
        await aborted.promise;
      },
    },
  });
  {
    using connection = await follow(kit.port);
    await connection.readUntil("data: 1\n\n");
    assertEquals(kit.app.running, 1);
  }
  await aborted.promise;
  await until(() => kit.app.running === 0);
});

Deno.test("A client that leaves its stream is no error to look into", async () => {
  await using kit = startKitApp({
    deps: { events: () => silence().events },
  });
  const host = `localhost:${kit.port}`;
  const leave = new AbortController();
  const response = await kit.app.handle(
    new Request(`http://${host}/events`, {
      headers: { host },
      signal: leave.signal,
    }),
    { remoteAddress: "127.0.0.1" },
  );
  leave.abort();
  assertStringIncludes(await response.text(), '"code":"CANCELED"');
  await until(() => kit.app.running === 0);
  assertEquals(kit.log.lines.filter(({ level }) => level === "error"), []);
});

Deno.test("A client that never reads is given up, its work ended, its connection cut", async () => {
  const ended = Promise.withResolvers<void>();
  await using kit = startKitApp({
    limits: { stallMs: 200 },
    deps: {
      events: async function* () {
        try {
          while (true) {
            yield await Promise.resolve({
              event: "tick",
              data: "x".repeat(65_536),
            });
          }
        } finally {
          ended.resolve();
        }
      },
    },
  });
  using connection = await follow(kit.port);
  await ended.promise;
  await until(() => kit.app.running === 0);
  // What was on its way arrives, then the connection ends without an end mark.
  const rest = await connection.rest();
  assertEquals(rest.endsWith("0\r\n\r\n"), false);
  assertEquals(kit.log.lines.filter(({ level }) => level === "error"), []);
});

Deno.test("A stream ends with its reason when the app is quiesced", async () => {
  await using kit = startKitApp({
    deps: { events: () => silence().events },
  });
  using connection = await follow(kit.port);
  kit.app.quiesce();
  const text = await connection.readUntil("0\r\n\r\n");
  assertStringIncludes(text, "event: error");
  assertStringIncludes(text, '"code":"SHUTTING_DOWN"');
  await until(() => kit.app.running === 0);
});

Deno.test("Work that streams is not ended by quiesce, only by abortRequests", async () => {
  await using kit = startKitApp({
    deps: { events: () => silence().events },
  });
  using connection = await RawConnection.open(kit.port);
  await connection.send(rawRequest({
    line: "POST /run HTTP/1.1",
    headers: [`Host: localhost:${kit.port}`, "Accept: text/event-stream"],
  }));
  await connection.answer();
  kit.app.quiesce();
  await new Promise((done) => setTimeout(done, 20));
  assertEquals(kit.app.running, 1);
  kit.app.abortRequests();
  await connection.readUntil("0\r\n\r\n");
  await until(() => kit.app.running === 0);
});

Deno.test("A stream that cannot start is answered like any failure", async () => {
  await using kit = startKitApp({
    deps: {
      events: () => {
        throw new AppError("NOT_FOUND");
      },
    },
  });
  using connection = await RawConnection.open(kit.port);
  await connection.send(rawRequest({
    line: "GET /events HTTP/1.1",
    headers: [`Host: localhost:${kit.port}`],
  }));
  assertEquals((await connection.answer()).status, 404);
  assertEquals(kit.app.running, 0);
});
