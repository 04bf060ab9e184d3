import { assertEquals, assertRejects } from "@std/assert";
import { systemClock } from "./clock.ts";
import { FakeClock } from "./testing/fake_clock.ts";
import { backoffMs, InFlight, sleep, within } from "./wait.ts";

Deno.test("sleep() ends at its time or when its signal aborts, and leaves nothing behind", async () => {
  const clock = new FakeClock();
  const ended: string[] = [];
  const stop = new AbortController();
  void sleep(clock, 100).then(() => ended.push("time"));
  void sleep(clock, 1000, stop.signal).then(() => ended.push("signal"));
  await clock.advance(100);
  assertEquals(ended, ["time"]);
  stop.abort();
  await sleep(clock, 1000, stop.signal);
  assertEquals([ended, clock.pending], [["time", "signal"], 0]);
});

Deno.test("within() tells whether work ended in time, and leaves no timer", async () => {
  const clock = new FakeClock();
  assertEquals(await within(Promise.resolve("x"), { ms: 100, clock }), true);
  await assertRejects(
    () => within(Promise.reject(new Error("own")), { ms: 100, clock }),
    Error,
    "own",
  );
  assertEquals(clock.pending, 0);
  const work = Promise.withResolvers<void>();
  const late = within(work.promise, { ms: 100, clock });
  await clock.advance(100);
  assertEquals([await late, clock.pending], [false, 0]);
  const asked: number[] = [];
  const strict = {
    ...systemClock,
    after(ms: number, action: () => void) {
      asked.push(ms);
      return systemClock.after(ms, action);
    },
  };
  // What is left of a time may be less than nothing.
  assertEquals(await within(work.promise, { ms: -5, clock: strict }), false);
  assertEquals(asked, [0]);
  work.reject(new Error("nobody listens any more"));
});

Deno.test("within() waits without a limit of time until its signal aborts", async () => {
  const clock = new FakeClock();
  const stop = new AbortController();
  const never = new Promise(() => {});
  const patience = { clock, signal: stop.signal };
  const waiting = within(never, patience);
  assertEquals(clock.pending, 0);
  stop.abort();
  assertEquals([await waiting, await within(never, patience)], [false, false]);
  const timed = { clock, ms: 100, signal: stop.signal };
  assertEquals([await within(never, timed), clock.pending], [false, 0]);
});

Deno.test("backoffMs() doubles from failure to failure up to its limit", () => {
  const backoff = { firstMs: 1000, longestMs: 300_000 };
  const pauses = [0, 1, 2, 3, 9, 10, 5000].map((it) => backoffMs(it, backoff));
  assertEquals(pauses, [1000, 1000, 2000, 4000, 256_000, 300_000, 300_000]);
});

Deno.test("backoffMs() spreads a pause between its half and its whole", () => {
  const pauses = [0, 0.5, 1].map((it) =>
    backoffMs(1, { firstMs: 1000, longestMs: 1000, random: () => it })
  );
  assertEquals(pauses, [500, 750, 1000]);
});

Deno.test("InFlight.idle() resolves when everything tracked has settled", async () => {
  const inFlight = new InFlight();
  await inFlight.idle();
  const [a, b] = [
    Promise.withResolvers<number>(),
    Promise.withResolvers<void>(),
  ];
  const tracked = inFlight.track(a.promise);
  inFlight.track(b.promise).catch(() => {});
  let idle = false;
  const waiting = inFlight.idle().then(() => idle = true);
  a.resolve(7);
  assertEquals([await tracked, idle], [7, false]);
  b.reject(new Error("x"));
  await waiting;
  await inFlight.idle();
});
