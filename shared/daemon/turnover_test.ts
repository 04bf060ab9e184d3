import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { FakeClock } from "../testing/fake_clock.ts";
import { RecordingLogger } from "../testing/fakes.ts";
import { RawConnection } from "../testing/raw_http.ts";
import { until } from "../testing/until.ts";
import { listen } from "./listen.ts";

const HALF_A_HEAD = "GET / HTTP/1.1\r\nHost: localhost\r\n";

/** Listens with descriptors that a test uses up; `/slow` answers when it is told to. */
function start() {
  const clock = new FakeClock();
  const log = new RecordingLogger();
  const descriptors = { inUse: 10, limit: 100 };
  const slow = Promise.withResolvers<void>();
  const listening = listen(
    new URL("http://127.0.0.1:0"),
    async (request) => {
      if (request.url.endsWith("/slow")) await slow.promise;
      return new Response("here");
    },
    { clock, log, descriptors },
  );
  const port = Number(listening.base.port);
  const ask = async (path: string) =>
    await (await fetch(`http://127.0.0.1:${port}${path}`)).text();
  const turns = () => log.lines.length;
  return {
    clock,
    descriptors,
    listening,
    port,
    ask,
    turns,
    finish: slow.resolve,
  };
}

Deno.test("listen() listens anew at 80 % of the descriptors: who says nothing goes, running requests finish", async () => {
  const it = start();
  using idle = await RawConnection.open(it.port);
  using half = await RawConnection.open(it.port);
  await half.send(HALF_A_HEAD);
  const running = it.ask("/slow");
  await until(async () => await it.ask("/") === "here");
  it.descriptors.inUse = 79;
  await it.clock.advance(1000);
  assertEquals(it.turns(), 0);
  it.descriptors.inUse = 80;
  await it.clock.advance(1000);
  assertEquals([await idle.rest(), await half.rest()], ["", ""]);
  it.descriptors.inUse = 10;
  await it.clock.advance(1000);
  assertEquals(await it.ask("/"), "here");
  assertEquals(it.turns(), 1);
  it.finish();
  assertEquals(await running, "here");
  await it.listening.close();
});

Deno.test("listen() listens anew at most once in 2 s while a request runs", async () => {
  const it = start();
  const running = it.ask("/slow");
  await until(async () => await it.ask("/") === "here");
  it.descriptors.inUse = 90;
  for (let second = 0; second < 6; second++) await it.clock.advance(1000);
  assertEquals(it.turns(), 3);
  it.descriptors.inUse = 10;
  it.finish();
  assertEquals(await running, "here");
  await it.listening.close();
});

Deno.test("listen() holds nothing where another process took its port, and says so until it has it again", async () => {
  const it = start();
  const { listening, port, clock } = it;
  assert(["127.0.0.1", "localhost"].every((host) => listening.holds(host)));
  assertEquals(listening.holds("127.0.0.2"), false);
  it.descriptors.inUse = 80;
  await clock.advance(1000);
  const thief = await until(() => {
    try {
      return Deno.listen({ hostname: "127.0.0.1", port });
    } catch {
      return undefined;
    }
  }, (it) => it !== undefined);
  it.descriptors.inUse = 10;
  assert(!listening.holds("127.0.0.1") && !listening.holds("localhost"));
  await clock.advance(1000);
  assertStringIncludes(
    listening.trouble ?? "",
    `another process listens on 127.0.0.1:${port}`,
  );
  assertEquals(listening.holds("127.0.0.1"), false);
  thief?.close();
  await clock.advance(1000);
  assertEquals(listening.trouble, undefined);
  assert(listening.holds("127.0.0.1") && listening.holds("localhost"));
  assertEquals(await it.ask("/"), "here");
  await listening.close();
});
