import { assertEquals } from "@std/assert";
import { FakeClock } from "../../shared/testing/fake_clock.ts";
import { RpcError, RpcTimeout } from "../rpc/rpc_connection.ts";
import { Liveness } from "./liveness.ts";

function setUp(answer: () => Promise<void>) {
  const clock = new FakeClock();
  const seen = { pings: 0, dead: 0 };
  const signs = new Liveness({
    clock,
    silentMs: 1000,
    ping() {
      seen.pings++;
      return answer();
    },
    onDead() {
      seen.dead++;
    },
  });
  signs.start();
  return { clock, seen, signs };
}

const silence = () => Promise.reject(new RpcTimeout("no answer"));

Deno.test("Liveness asks only after a silence, and goes on when it is answered", async () => {
  const { clock, seen, signs } = setUp(() => Promise.resolve());
  await clock.advance(900);
  signs.heard();
  await clock.advance(200);
  assertEquals(seen.pings, 0);
  await clock.advance(2000);
  assertEquals(seen, { pings: 2, dead: 0 });
  signs.stop();
  assertEquals(clock.pending, 0);
});

Deno.test("Liveness takes a refusal for an answer", async () => {
  const refused = new RpcError("ping", { code: -32600, message: "no" });
  const { clock, seen, signs } = setUp(() => Promise.reject(refused));
  await clock.advance(1000);
  assertEquals(seen, { pings: 1, dead: 0 });
  signs.stop();
});

Deno.test("Liveness calls it dead after three questions without an answer", async () => {
  const { clock, seen } = setUp(silence);
  await clock.advance(1000);
  assertEquals(seen, { pings: 3, dead: 1 });
  await clock.advance(10_000);
  assertEquals([seen.dead, clock.pending], [1, 0]);
});

Deno.test("Liveness.suspect() needs one silence only", async () => {
  const { seen, signs } = setUp(silence);
  await signs.suspect();
  assertEquals(seen, { pings: 1, dead: 1 });
});

Deno.test("Liveness spares it when it says something else meanwhile", async () => {
  const { clock, seen, signs } = setUp(async () => {
    await clock.advance(10);
    signs.heard();
    throw new RpcTimeout("no answer to this");
  });
  await signs.suspect();
  assertEquals(seen, { pings: 1, dead: 0 });
  signs.stop();
});
