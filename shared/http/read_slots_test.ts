import { assertEquals, assertRejects } from "@std/assert";
import { AppError } from "../errors.ts";
import { FakeClock } from "../testing/fake_clock.ts";
import { Deadlines } from "./deadlines.ts";
import { ReadSlots } from "./read_slots.ts";

Deno.test("ReadSlots.take() gives a slot to the newest who waits, and refuses who waits too long", async () => {
  const clock = new FakeClock();
  const slots = new ReadSlots(1, new Deadlines(clock, 1000));
  await slots.take();
  const old = assertRejects(async () => await slots.take(), AppError);
  const next = slots.take();
  slots.give();
  await next;
  await clock.advance(1000);
  assertEquals((await old).code, "TOO_MANY_REQUESTS");
});

Deno.test("ReadSlots.relieve() refuses at once who waits, and nobody else", async () => {
  const clock = new FakeClock();
  const slots = new ReadSlots(1, new Deadlines(clock, 1000));
  await slots.take();
  const waits = assertRejects(async () => await slots.take(), AppError);
  slots.relieve();
  assertEquals((await waits).code, "TOO_MANY_REQUESTS");
  slots.give();
  assertEquals(slots.take(), undefined);
  assertEquals(clock.pending, 0);
});
