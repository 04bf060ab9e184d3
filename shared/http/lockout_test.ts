import { assertEquals } from "@std/assert";
import { FakeClock } from "../testing/fake_clock.ts";
import { Lockout } from "./lockout.ts";

function failTimes(lockout: Lockout, address: string, times: number): void {
  for (let time = 0; time < times; time++) lockout.fail(address);
}

Deno.test("Lockout locks an address for a minute at its tenth failure within one", async () => {
  const clock = new FakeClock();
  const lockout = new Lockout(clock);
  failTimes(lockout, "a", 9);
  assertEquals(lockout.secondsLeft("a"), 0);
  failTimes(lockout, "a", 1);
  assertEquals(lockout.secondsLeft("a"), 60);
  assertEquals(lockout.secondsLeft("b"), 0);
  await clock.advance(59_001);
  assertEquals(lockout.secondsLeft("a"), 1);
  await clock.advance(999);
  assertEquals(lockout.secondsLeft("a"), 0);
});

Deno.test("Lockout counts any minute, not the minutes of a clock", async () => {
  const clock = new FakeClock();
  const lockout = new Lockout(clock);
  lockout.fail("a");
  await clock.advance(55_000);
  failTimes(lockout, "a", 5);
  await clock.advance(10_000);
  // The first has gone out of the window, the five have not.
  failTimes(lockout, "a", 4);
  assertEquals(lockout.secondsLeft("a"), 0);
  failTimes(lockout, "a", 1);
  assertEquals(lockout.secondsLeft("a"), 60);
});

Deno.test("Lockout forgets a failure when it is a minute old", async () => {
  const clock = new FakeClock();
  const lockout = new Lockout(clock);
  failTimes(lockout, "a", 9);
  await clock.advance(60_000);
  failTimes(lockout, "a", 9);
  assertEquals(lockout.secondsLeft("a"), 0);
});

Deno.test("Lockout is not prolonged by failures while it lasts, and starts anew after", async () => {
  const clock = new FakeClock();
  const lockout = new Lockout(clock);
  failTimes(lockout, "a", 10);
  await clock.advance(30_000);
  failTimes(lockout, "a", 50);
  assertEquals(lockout.secondsLeft("a"), 30);
  await clock.advance(30_000);
  failTimes(lockout, "a", 9);
  assertEquals(lockout.secondsLeft("a"), 0);
});

Deno.test("Lockout forgets the address that was quiet the longest, beyond 10 000", () => {
  const lockout = new Lockout(new FakeClock());
  failTimes(lockout, "first", 10);
  failTimes(lockout, "second", 10);
  for (let index = 0; index < 9998; index++) lockout.fail(`a${index}`);
  lockout.fail("first");
  lockout.fail("one more");
  assertEquals(lockout.secondsLeft("first"), 60);
  assertEquals(lockout.secondsLeft("second"), 0);
});
