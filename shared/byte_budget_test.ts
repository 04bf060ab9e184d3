import { assertEquals } from "@std/assert";
import { ByteBudget } from "./byte_budget.ts";

Deno.test("ByteBudget.take() takes nothing when there is too little", () => {
  const budget = new ByteBudget(10);
  assertEquals([budget.take(6), budget.take(5), budget.used], [true, false, 6]);
  budget.give(6);
  assertEquals([budget.take(10), budget.used], [true, 10]);
});

Deno.test("ByteBudget.giveWhenPassedOn() keeps a large result's bytes until it is passed on", () => {
  const budget = new ByteBudget(1_000_000);
  budget.take(200_000);
  let release = () => {};
  const hold = (it: () => void) => void (release = it);
  budget.giveWhenPassedOn(65_535, hold);
  assertEquals(budget.used, 134_465);
  budget.giveWhenPassedOn(34_465, undefined);
  assertEquals(budget.used, 100_000);
  budget.giveWhenPassedOn(100_000, hold);
  assertEquals(budget.used, 100_000);
  release();
  release();
  assertEquals(budget.used, 0);
});
