import {
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { FakeClock } from "../testing/fake_clock.ts";
import { addAddress } from "../testing/add_address.ts";
import { RecordingLogger, silentLogger } from "../testing/fakes.ts";
import { freePort } from "../testing/free_ports.ts";
import { listen } from "./listen.ts";
import { ListenError } from "./listen_error.ts";

const answer = () => Promise.resolve(new Response("here"));

/** A network address of this machine beside loopback, if it has one. */
function ownAddress(): string | undefined {
  return Deno.networkInterfaces().find(({ family, address }) =>
    family === "IPv4" && !address.startsWith("127.")
  )?.address;
}

async function textFrom(host: string, port: number): Promise<string> {
  return await (await fetch(`http://${host}:${port}/`)).text();
}

function startListen(
  base: string,
  ports: Partial<Parameters<typeof listen>[2]> = {},
) {
  return listen(new URL(base), answer, {
    clock: new FakeClock(),
    log: silentLogger,
    ...ports,
  });
}

Deno.test("listen() tells the port that it really got", async () => {
  for (const host of ["127.0.0.1", "localhost", "127.0.0.2"]) {
    const listening = startListen(`http://${host}:0`);
    const port = Number(listening.base.port);
    assertEquals(port > 0, true);
    assertEquals(await textFrom(host, port), "here");
    await listening.close();
  }
});

Deno.test("listen() says in one sentence that a port is in use", () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  const error = assertThrows(
    () => startListen(`http://127.0.0.1:${port}`),
    ListenError,
  );
  assertEquals(
    error.message,
    `Cannot listen on 127.0.0.1:${port}: the port is already in use`,
  );
});

Deno.test({
  name: "listen() serves a network address, and 127.0.0.1 with the same port",
  ignore: ownAddress() === undefined,
  async fn() {
    const port = freePort("0.0.0.0");
    const listening = startListen(`http://${ownAddress()}:${port}`);
    assertEquals(await textFrom(ownAddress() ?? "", port), "here");
    assertEquals(await textFrom("127.0.0.1", port), "here");
    await listening.close();
  },
});

Deno.test({
  name: "listen() refuses to start when a network address's port is in use",
  ignore: ownAddress() === undefined,
  async fn() {
    const hostname = ownAddress() ?? "";
    using listener = Deno.listen({ hostname, port: 0 });
    const { port } = listener.addr;
    assertThrows(
      () => startListen(`http://${hostname}:${port}`),
      ListenError,
      `Cannot listen on ${hostname}:${port}: the port is already in use`,
    );
    // Nor does it go on serving loopback.
    await assertRejects(() => textFrom("127.0.0.1", port), TypeError);
  },
});

Deno.test("listen() serves loopback while an address is not there, and goes on trying", async () => {
  const clock = new FakeClock();
  const log = new RecordingLogger();
  const port = freePort("0.0.0.0");
  // An address of the block for documentation: no machine has it.
  const listening = startListen(`http://203.0.113.77:${port}`, { clock, log });
  assertEquals(await textFrom("127.0.0.1", port), "here");
  await clock.advance(10_000);
  assertEquals(clock.pending, 1);
  // Said once, not at every try.
  assertEquals(log.lines.map(({ level, message }) => [level, message]), [
    ["warn", "Cannot listen yet; trying again"],
  ]);
  assertEquals(log.lines[0]?.fields.address, `203.0.113.77:${port}`);
  assertStringIncludes(
    listening.absence ?? "",
    `203.0.113.77:${port} is not served`,
  );
  assertEquals(listening.trouble, undefined);
  assertEquals(
    listening.addresses.filter((it) => !it.startsWith("[")),
    [`127.0.0.1:${port}`],
  );
  await listening.close();
  await clock.advance(0);
  assertEquals(clock.pending, 0);
});

Deno.test({
  name:
    "listen() opens an address once it is there (needs the right to add one)",
  ignore: Deno.build.os !== "linux" || Deno.uid() !== 0,
  async fn(test) {
    const clock = new FakeClock();
    const log = new RecordingLogger();
    const port = freePort("0.0.0.0");
    const host = "203.0.113.78";
    const listening = startListen(`http://${host}:${port}`, { clock, log });
    {
      await using address = addAddress(host);
      await test.step({
        name: "with the address added",
        ignore: address === undefined,
        async fn() {
          {
            using _ = Deno.listen({ hostname: host, port });
            await clock.advance(2000);
            assertEquals([log.lines.at(-1)?.level, log.lines.length], [
              "error",
              2,
            ]);
            assertStringIncludes(listening.trouble ?? "", "another process");
            assertEquals(listening.absence, undefined);
            await clock.advance(2000);
            assertEquals(log.lines.length, 2);
          }
          await clock.advance(2000);
          assertEquals(log.lines.at(-1)?.message, "Listening");
          assertEquals(await textFrom(host, port), "here");
          assertEquals([listening.trouble, listening.absence], [
            undefined,
            undefined,
          ]);
          assertEquals(listening.addresses.includes(`${host}:${port}`), true);
        },
      });
      await listening.close();
    }
  },
});

Deno.test("drained() waits for answers to be out, streams too", async () => {
  const release = Promise.withResolvers<void>();
  const listening = listen(
    new URL("http://127.0.0.1:0"),
    (request) =>
      Promise.resolve(
        new Response(
          request.url.endsWith("/now") ? "now" : new ReadableStream({
            async pull(controller) {
              await release.promise;
              controller.close();
            },
          }),
        ),
      ),
    { clock: new FakeClock(), log: silentLogger },
  );
  const base = listening.base.origin;
  await listening.drained();
  const response = await fetch(`${base}/later`);
  let drained = false;
  const wait = listening.drained().then(() => drained = true);
  assertEquals(await (await fetch(`${base}/now`)).text(), "now");
  assertEquals(drained, false);
  release.resolve();
  await response.text();
  await wait;
  await listening.close();
});

Deno.test("abort() drops what is open", async () => {
  let cancelled = false;
  const listening = listen(
    new URL("http://127.0.0.1:0"),
    () =>
      Promise.resolve(
        new Response(
          new ReadableStream({
            start: (controller) => controller.enqueue(new Uint8Array(1)),
            cancel: () => void (cancelled = true),
          }),
        ),
      ),
    { clock: new FakeClock(), log: silentLogger },
  );
  const response = await fetch(listening.base);
  await listening.abort();
  const outcome = await response.arrayBuffer().then(() => "whole", () => "cut");
  assertEquals([outcome, cancelled], ["cut", true]);
});

const HAS_IPV6 = Deno.networkInterfaces().some(({ address }) =>
  address === "::1"
);

Deno.test({
  name: "listen() holds both addresses of loopback, whichever it is asked for",
  ignore: !HAS_IPV6,
  async fn() {
    for (const host of ["127.0.0.1", "localhost", "[::1]"]) {
      const listening = startListen(`http://${host}:0`);
      const port = Number(listening.base.port);
      assertEquals(listening.hasIpv6, true);
      assertEquals(await textFrom("127.0.0.1", port), "here");
      assertEquals(await textFrom("[::1]", port), "here");
      await listening.close();
    }
  },
});

Deno.test({
  name: "listen() does not share loopback with who holds the port of [::1]",
  ignore: !HAS_IPV6,
  async fn() {
    using listener = Deno.listen({ hostname: "::1", port: 0 });
    const { port } = listener.addr;
    assertThrows(
      () => startListen(`http://127.0.0.1:${port}`),
      ListenError,
      `Cannot listen on [::1]:${port}: the port is already in use`,
    );
    await assertRejects(() => textFrom("127.0.0.1", port), TypeError);
  },
});
