import { assertEquals, assertRejects } from "@std/assert";
import { silentLogger } from "../../shared/testing/fakes.ts";
import { FakeClock } from "../../shared/testing/fake_clock.ts";
import { wire } from "../testing/wire.ts";
import {
  type ConnectionOptions,
  RpcConnection,
  RpcError,
  RpcTimeout,
} from "./rpc_connection.ts";
import { LineTransport } from "./line_transport.ts";

function setUp(options: Partial<ConnectionOptions> = {}) {
  const pipes = wire();
  const clock = new FakeClock();
  const seen: string[] = [];
  const connection = new RpcConnection(new LineTransport(pipes.streams), {
    clock,
    log: silentLogger,
    onNotifications: (batch) =>
      seen.push(`told ${batch.map((it) => it.method).join(" ")}`),
    onRequest: ({ id, method }) => seen.push(`asked ${id} ${method}`),
    ...options,
  });
  const running = connection.run();
  return {
    pipes,
    clock,
    seen,
    connection,
    async [Symbol.asyncDispose]() {
      connection.close(new Error("the test is over"));
      try {
        pipes.end();
      } catch {
        // It has ended already.
      }
      await running;
    },
  };
}

const idOf = (line: string) => (JSON.parse(line) as { id: number }).id;

Deno.test("RpcConnection.call() gets its own answer when answers come in another order", async () => {
  await using it = setUp();
  const first = it.connection.call("first", {});
  const second = it.connection.call("second", {});
  const ids = [idOf(await it.pipes.next()), idOf(await it.pipes.next())];
  it.pipes.give(`{"id":${ids[1]},"result":2}\n{"id":${ids[0]},"result":1}\n`);
  assertEquals([await first, await second], [1, 2]);
});

Deno.test("RpcConnection.call() throws the other side's refusal with its code and data", async () => {
  await using it = setUp();
  const call = it.connection.call("turn/start", {});
  const id = idOf(await it.pipes.next());
  it.pipes.give(
    `{"id":${id},"error":{"code":-32602,"message":"too large","data":{"max":1}}}\n`,
  );
  const error = await assertRejects(() => call, RpcError, "too large");
  assertEquals([error.code, error.data, error.method], [
    -32602,
    { max: 1 },
    "turn/start",
  ]);
});

Deno.test("RpcConnection.call() fails when no answer comes in time, and drops the late one", async () => {
  await using it = setUp({ timeoutMs: 1000 });
  const failed = assertRejects(
    () => it.connection.call("slow", {}),
    RpcTimeout,
    "no answer to slow within 1000 ms",
  );
  const id = idOf(await it.pipes.next());
  await it.clock.advance(1000);
  await failed;
  it.pipes.give(`{"id":${id},"result":1}\n{"method":"after","params":{}}\n`);
  const next = it.connection.call("next", {});
  it.pipes.give(`{"id":${idOf(await it.pipes.next())},"result":"fine"}\n`);
  assertEquals(await next, "fine");
  assertEquals(it.seen, ["told after"]);
});

Deno.test("RpcConnection.close() fails every call with the reason, waiting for a place or for an answer", async () => {
  await using it = setUp({ maxInFlight: 1 });
  const calls = ["a", "b", "c"].map((method) => it.connection.call(method, {}));
  await it.pipes.next();
  it.connection.close(new Error("it was killed by SIGKILL"));
  for (const call of calls) {
    await assertRejects(() => call, Error, "killed by SIGKILL");
  }
  await assertRejects(
    () => it.connection.call("later", {}),
    Error,
    "killed by SIGKILL",
  );
  assertEquals(
    (await it.connection.closed).message,
    "it was killed by SIGKILL",
  );
  assertEquals(it.pipes.closed, true);
});

Deno.test("RpcConnection.run() fails what waits when the other side closes its output", async () => {
  await using it = setUp();
  const call = it.connection.call("a", {});
  it.pipes.end();
  await assertRejects(() => call, Error, "closed its output");
});

Deno.test("RpcConnection.run() fails what waits when a flood cannot be read", async () => {
  await using it = setUp();
  const call = it.connection.call("a", {});
  it.pipes.give("garbage\n".repeat(100));
  await assertRejects(() => call, Error, "100 lines in a row");
});

Deno.test("RpcConnection.call() keeps no more in flight than its limit, first come first served", async () => {
  await using it = setUp({ maxInFlight: 2, maxQueued: 1 });
  const calls = ["a", "b", "c"].map((method) => it.connection.call(method, {}));
  await assertRejects(() => it.connection.call("d", {}), Error, "wait already");
  const first = idOf(await it.pipes.next());
  await it.pipes.next();
  assertEquals(it.pipes.sent.length, 2);
  it.pipes.give(`{"id":${first},"result":"done"}\n`);
  assertEquals(JSON.parse(await it.pipes.next()).method, "c");
  assertEquals(await calls[0], "done");
  for (const call of calls.slice(1)) call.catch(() => {});
});

Deno.test("RpcConnection gives notifications and requests in the order of the wire", async () => {
  await using it = setUp();
  it.pipes.give(
    '{"method":"n1","params":{}}\n{"method":"n2","params":{}}\n' +
      '{"method":"q","id":0,"params":{}}\n{"method":"n3","params":{}}\n',
  );
  it.pipes.end();
  await it.connection.closed;
  assertEquals(it.seen, ["told n1 n2", "asked 0 q", "told n3"]);
});

Deno.test("RpcConnection.answer() answers a request whose id is also a call's", async () => {
  await using it = setUp();
  const call = it.connection.call("mine", {});
  const id = idOf(await it.pipes.next());
  it.pipes.give(`{"method":"theirs","id":${id},"params":{}}\n`);
  it.connection.answer(id, { result: { decision: "decline" } });
  assertEquals(
    await it.pipes.next(),
    `{"id":${id},"result":{"decision":"decline"}}`,
  );
  it.pipes.give(`{"id":${id},"result":"answer"}\n`);
  assertEquals(await call, "answer");
});
