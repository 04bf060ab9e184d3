import { assertEquals, assertRejects } from "@std/assert";
import { PendingCalls } from "./pending.ts";
import { FakeClock } from "./testing/fake_clock.ts";

Deno.test("PendingCalls.settle() answers the call of its id, once", async () => {
  const calls = new PendingCalls<number, string>(new FakeClock());
  const first = calls.wait(1);
  const second = calls.wait(2);
  assertEquals(calls.settle(2, "two"), true);
  assertEquals(calls.settle(2, "again"), false);
  assertEquals(calls.settle(1, "one"), true);
  assertEquals([await first, await second], ["one", "two"]);
  assertEquals(calls.size, 0);
});

Deno.test("PendingCalls.wait() fails when its time is up, and a late answer is ignored", async () => {
  const clock = new FakeClock();
  const calls = new PendingCalls<number, string>(clock);
  const call = calls.wait(1, {
    timeoutMs: 50,
    onTimeout: () => new Error("too late"),
  });
  const failed = assertRejects(() => call, Error, "too late");
  await clock.advance(50);
  await failed;
  assertEquals(calls.settle(1, "late"), false);
});

Deno.test("PendingCalls.wait() leaves no timer behind when it is answered", async () => {
  const clock = new FakeClock();
  const calls = new PendingCalls<number, string>(clock);
  const call = calls.wait(1, { timeoutMs: 50 });
  calls.settle(1, "in time");
  assertEquals(await call, "in time");
  assertEquals(clock.pending, 0);
});

Deno.test("PendingCalls.wait() ends with the reason of its signal", async () => {
  const calls = new PendingCalls<number, string>(new FakeClock());
  const leaving = new AbortController();
  const call = calls.wait(1, { signal: leaving.signal });
  leaving.abort(new Error("the caller left"));
  await assertRejects(() => call, Error, "the caller left");
  await assertRejects(
    () => calls.wait(2, { signal: leaving.signal }),
    Error,
    "the caller left",
  );
  assertEquals(calls.size, 0);
});

Deno.test("PendingCalls.failAll() fails what waits and what comes later, with the reason", async () => {
  const calls = new PendingCalls<string, string>(new FakeClock());
  const waiting = [calls.wait("a"), calls.wait("b")];
  calls.failAll(new Error("it died"));
  for (const call of waiting) await assertRejects(() => call, Error, "it died");
  await assertRejects(() => calls.wait("c"), Error, "it died");
});
