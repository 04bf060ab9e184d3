import { assertEquals } from "@std/assert";
import { FakeClock } from "../../shared/testing/fake_clock.ts";
import { RestartBudget } from "./restart_budget.ts";

Deno.test("RestartBudget.next() waits twice as long each time, then says that it is used up", () => {
  const budget = new RestartBudget({
    clock: new FakeClock(),
    random: () => 1,
    maxRestarts: 3,
  });
  assertEquals([1, 2, 3, 4].map(() => budget.next()), [
    { delayMs: 200, exhausted: false },
    { delayMs: 400, exhausted: false },
    { delayMs: 800, exhausted: false },
    { delayMs: 30_000, exhausted: true },
  ]);
});

Deno.test("RestartBudget.next() spreads restarts over the upper half of the wait", () => {
  const clock = new FakeClock();
  const least = new RestartBudget({ clock, random: () => 0 });
  assertEquals(least.next().delayMs, 100);
});

Deno.test("RestartBudget.next() forgets ends that are older than its window", async () => {
  const clock = new FakeClock();
  const budget = new RestartBudget({ clock, random: () => 1, maxRestarts: 1 });
  budget.next();
  assertEquals(budget.next().exhausted, true);
  await clock.advance(60_000);
  assertEquals(budget.next(), { delayMs: 200, exhausted: false });
});
