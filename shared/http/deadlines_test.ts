import { assertEquals, assertRejects } from "@std/assert";
import { Deadlines } from "./deadlines.ts";
import { FakeClock } from "../testing/fake_clock.ts";

const late = () => new Error("late");

Deno.test("Deadlines.within() settles as its work does, and leaves no timer", async () => {
  const clock = new FakeClock();
  const deadlines = new Deadlines(clock, 1000);
  assertEquals(await deadlines.within(Promise.resolve(7), late), 7);
  await assertRejects(
    () => deadlines.within(Promise.reject(new Error("own")), late),
    Error,
    "own",
  );
  assertEquals(clock.pending, 0);
});

Deno.test("Deadlines.within() rejects each wait at its own time, with one timer", async () => {
  const clock = new FakeClock();
  const deadlines = new Deadlines(clock, 1000);
  const ended: string[] = [];
  const wait = (name: string) =>
    deadlines.within(new Promise(() => {}), late).catch(() => ended.push(name));
  const first = wait("first");
  await clock.advance(400);
  const second = wait("second");
  assertEquals(clock.pending, 1);
  await clock.advance(599);
  assertEquals(ended, []);
  await clock.advance(1);
  assertEquals(ended, ["first"]);
  await clock.advance(400);
  assertEquals(ended, ["first", "second"]);
  await Promise.all([first, second]);
  assertEquals(clock.pending, 0);
});
