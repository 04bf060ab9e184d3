import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { wire } from "../testing/wire.ts";
import type { RpcMessage } from "./rpc_message.ts";
import { LineTransport } from "./line_transport.ts";

const note = (method: string): RpcMessage => ({
  kind: "notification",
  method,
  params: {},
});

Deno.test("LineTransport.receive() yields the messages of one read together", async () => {
  const pipes = wire();
  const transport = new LineTransport(pipes.streams);
  pipes.give('{"method":"a","params":{}}\n{"method":"b","params":{}}\n{"meth');
  pipes.give('od":"c","params":{}}\n');
  pipes.end();
  assertEquals(await Array.fromAsync(transport.receive()), [
    [note("a"), note("b")],
    [note("c")],
  ]);
  await transport.close();
});

Deno.test("LineTransport.receive() passes over lines that are no message, and tells who watches", async () => {
  const pipes = wire();
  const seen: [string, string, boolean][] = [];
  const transport = new LineTransport(pipes.streams, {
    onLine: (direction, line, message) =>
      seen.push([direction, line, message !== undefined]),
  });
  pipes.give('WARNING: odd\n\n{"method":"a","params":{}}\n');
  pipes.end();
  assertEquals(await Array.fromAsync(transport.receive()), [[note("a")]]);
  assertEquals(seen, [
    ["in", "WARNING: odd", false],
    ["in", "", false],
    ["in", '{"method":"a","params":{}}', true],
  ]);
  await transport.close();
});

Deno.test("LineTransport.receive() throws at a flood of lines that are no message", async () => {
  const pipes = wire();
  const transport = new LineTransport(pipes.streams, { maxBadLines: 3 });
  pipes.give('x\nx\n{"method":"a"}\nx\nx\nbad\n');
  await assertRejects(
    () => Array.fromAsync(transport.receive()),
    Error,
    'Cannot read messages: 3 lines in a row are none, the last is "bad"',
  );
  await transport.close();
});

Deno.test("LineTransport.receive() throws at a line over the cap and takes a long one below it", async () => {
  const pipes = wire();
  const transport = new LineTransport(pipes.streams, {
    maxLineChars: 6_000_000,
  });
  const long = `{"method":"a","params":"${"x".repeat(5_000_000)}"}\n`;
  pipes.give(long);
  pipes.give("y".repeat(6_000_001));
  const received: number[] = [];
  await assertRejects(
    async () => {
      for await (const batch of transport.receive()) {
        received.push(batch.length);
      }
    },
    Error,
    "longer than 6000000 characters",
  );
  assertEquals(received, [1]);
  await transport.close();
});

Deno.test("LineTransport.send() writes one line a message", async () => {
  const pipes = wire();
  const transport = new LineTransport(pipes.streams);
  transport.send({ kind: "result", id: 1, result: { text: "a\nb" } });
  assertEquals(await pipes.next(), '{"id":1,"result":{"text":"a\\nb"}}');
  await transport.close();
  assertEquals(pipes.closed, true);
  assertThrows(() => transport.send(note("late")), Error, "closed");
});

Deno.test("LineTransport.send() throws when the other side does not read", async () => {
  const { promise: stuck, resolve: release } = Promise.withResolvers<void>();
  const transport = new LineTransport({
    readable: new ReadableStream(),
    writable: new WritableStream({ write: () => stuck }),
  }, { maxUnsentBytes: 100 });
  transport.send({
    kind: "request",
    id: 1,
    method: "a",
    params: "x".repeat(50),
  });
  assertThrows(
    () =>
      transport.send({
        kind: "request",
        id: 2,
        method: "big",
        params: "x".repeat(50),
      }),
    Error,
    'Cannot send "big"',
  );
  release();
  await transport.close();
});

Deno.test("LineTransport.send() throws once a write has met a broken pipe", async () => {
  const transport = new LineTransport({
    readable: new ReadableStream(),
    writable: new WritableStream({
      write: () => Promise.reject(new Error("Broken pipe")),
    }),
  });
  transport.send(note("a"));
  await new Promise((resolve) => setTimeout(resolve, 0));
  assertThrows(() => transport.send(note("b")), Error, "Broken pipe");
  await transport.close();
});
