import { assertEquals } from "@std/assert";
import { z } from "zod";
import { FakeClock } from "../testing/fake_clock.ts";
import { RecordingLogger } from "../testing/fakes.ts";
import {
  CLOSE,
  JsonSocket,
  type JsonSocketOptions,
  type SocketPort,
} from "./socket.ts";

const Message = z.strictObject({ say: z.string() });
type Message = z.infer<typeof Message>;

/** A socket without a network, as strict as Deno's about its close reason. */
class FakeSocket extends EventTarget {
  readyState: number = WebSocket.OPEN;
  bufferedAmount = 0;
  readonly sent: string[] = [];
  readonly closes: [number, string][] = [];

  send(text: string): void {
    this.sent.push(text);
  }

  close(code: number, reason: string): void {
    if (new TextEncoder().encode(reason).length > 123) {
      throw new SyntaxError(
        "The close reason may not be longer than 123 bytes",
      );
    }
    this.readyState = WebSocket.CLOSING;
    this.closes.push([code, reason]);
  }

  receive(data: unknown): void {
    this.dispatchEvent(new MessageEvent("message", { data }));
  }

  ends(code: number): void {
    this.readyState = WebSocket.CLOSED;
    this.dispatchEvent(new CloseEvent("close", { code }));
  }
}

function open(options: Partial<JsonSocketOptions<Message>> = {}) {
  const socket = new FakeSocket();
  const log = new RecordingLogger();
  const got: Message[] = [];
  const closed: [number, string][] = [];
  const json = new JsonSocket<Message>(socket as unknown as SocketPort, {
    schema: Message,
    log,
    onMessage: (message) => void got.push(message),
    onClose: (code, reason) => void closed.push([code, reason]),
    ...options,
  });
  return { socket, json, got, closed, log };
}

Deno.test("JsonSocket passes on what its schema accepts", () => {
  const { socket, got, closed } = open();
  socket.receive('{"say":"a"}');
  socket.receive('{"say":"b"}');
  assertEquals([got, closed], [[{ say: "a" }, { say: "b" }], []]);
});

Deno.test("JsonSocket closes 1008 for frames that are no JSON, no text or not of its schema", () => {
  for (
    const frame of [
      "",
      "{",
      "[]",
      "null",
      "{}",
      '{"say":1}',
      '{"say":"x","more":1}',
      `{"say":${"[".repeat(65)}${"]".repeat(65)}}`,
      new ArrayBuffer(3),
      new Blob([]),
    ]
  ) {
    const { socket, got, closed } = open();
    socket.receive(frame);
    socket.receive('{"say":"late"}');
    assertEquals([got, closed.length, closed[0]?.[0]], [[], 1, CLOSE.policy]);
    assertEquals(socket.closes.length, 1);
  }
});

Deno.test("JsonSocket closes for an invalid frame whatever alphabet it is in", () => {
  const { socket, closed } = open();
  socket.receive(JSON.stringify({ say: "x", ["漢".repeat(100)]: 1 }));
  assertEquals(closed.length, 1);
  assertEquals(socket.closes.length, 1);
  assertEquals(socket.readyState, WebSocket.CLOSING);
});

Deno.test("JsonSocket leaves invalid frames to onInvalid when there is one", () => {
  const reasons: string[] = [];
  const { socket, closed } = open({
    onInvalid: (reason) => void reasons.push(reason),
  });
  socket.receive("{");
  socket.receive('{"say":1}');
  assertEquals(reasons.length, 2);
  assertEquals(closed, []);
});

Deno.test("JsonSocket closes 1009 for a frame that is too long, unparsed", () => {
  const { socket, got, closed } = open({ maxMessageChars: 20 });
  socket.receive('{"say":"123456789"}');
  assertEquals(got, [{ say: "123456789" }]);
  socket.receive(`{"say":"${"x".repeat(20)}"}`);
  assertEquals(closed[0]?.[0], CLOSE.tooBig);
});

Deno.test("JsonSocket closes 1013 when the other side does not take what is sent", () => {
  const { socket, json, closed } = open({ maxBufferedBytes: 10 });
  assertEquals(json.send({ n: 1 }), true);
  socket.bufferedAmount = 11;
  assertEquals(json.send({ n: 2 }), false);
  assertEquals(json.send({ n: 3 }), false);
  assertEquals(socket.sent, ['{"n":1}']);
  assertEquals(closed.map(([code]) => code), [CLOSE.slowConsumer]);
});

Deno.test("JsonSocket closes 1011 and logs when a handler throws or rejects", async () => {
  const failing = [
    () => {
      throw new Error("sync");
    },
    () => Promise.reject(new Error("async")),
  ];
  for (const onMessage of failing) {
    const { socket, closed, log } = open({ onMessage });
    socket.receive('{"say":"x"}');
    await Promise.resolve();
    await Promise.resolve();
    assertEquals(closed, [[CLOSE.internal, "internal error"]]);
    assertEquals(log.lines.map(({ level }) => level), ["error"]);
  }
});

Deno.test("JsonSocket survives a throwing onOpen and onClose", () => {
  const { socket, closed, log } = open({
    onOpen: () => {
      throw new Error("open");
    },
  });
  socket.dispatchEvent(new Event("open"));
  assertEquals(closed.length, 1);
  const other = open({
    onClose: () => {
      throw new Error("close");
    },
  });
  other.socket.ends(1000);
  assertEquals(log.lines.length + other.log.lines.length, 2);
});

Deno.test("JsonSocket tells of its end once, however often it closes", () => {
  const { socket, json, closed } = open();
  socket.ends(0);
  socket.ends(1005);
  json.close(CLOSE.policy, "late");
  assertEquals(closed, [[1006, ""]]);
  assertEquals(json.isOpen, false);
  const mine = open();
  mine.json.close(CLOSE.policy, "mine");
  mine.json.close(CLOSE.internal, "again");
  mine.socket.ends(1008);
  assertEquals(mine.closed, [[CLOSE.policy, "mine"]]);
  assertEquals(mine.socket.closes.length, 1);
});

Deno.test("JsonSocket.send() tells when it cannot", () => {
  const { socket, json, log } = open();
  assertEquals(json.send({ big: 1n }), false);
  assertEquals(log.lines.map(({ level }) => level), ["error"]);
  socket.readyState = WebSocket.CONNECTING;
  assertEquals(json.send({}), false);
  socket.readyState = WebSocket.CLOSED;
  assertEquals(json.send({}), false);
});

Deno.test("JsonSocket.room() waits until the other side has taken enough", async () => {
  const clock = new FakeClock();
  const limits = { maxBytes: 10, stallMs: 1000, clock };
  const { socket, json } = open();
  socket.bufferedAmount = 10;
  assertEquals([await json.room(limits), clock.pending], [true, 0]);
  socket.bufferedAmount = 11;
  const room = json.room(limits);
  await clock.advance(500);
  socket.bufferedAmount = 3;
  await clock.advance(10);
  assertEquals([await room, clock.pending], [true, 0]);
});

Deno.test("JsonSocket.room() gives up a socket that stays full or closes", async () => {
  const clock = new FakeClock();
  const limits = { maxBytes: 10, stallMs: 1000, clock };
  const { socket, json, closed } = open();
  socket.bufferedAmount = 11;
  const room = json.room(limits);
  await clock.advance(1000);
  assertEquals([await room, closed], [false, []]);
  const again = json.room(limits);
  socket.ends(1006);
  assertEquals([await again, clock.pending], [false, 0]);
});

Deno.test("JsonSocket says how deep a frame may be nested", () => {
  const reasons: string[] = [];
  const { socket, got } = open({ onInvalid: (it) => void reasons.push(it) });
  socket.receive("[".repeat(500_000));
  assertEquals(reasons, ["nested more than 64 levels deep"]);
  socket.receive('{"say":"a"}');
  assertEquals(got, [{ say: "a" }]);
});
