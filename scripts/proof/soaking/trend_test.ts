import { assert, assertEquals } from "@std/assert";
import { trendOf } from "./trend.ts";

const LEEWAY = { share: 0.05, plus: 4 };
const points = (valueAt: (at: number) => number) =>
  Array.from({ length: 100 }, (_, index) => ({
    at: index * 10_000,
    value: valueAt(index * 1000),
  }));

Deno.test("trendOf() calls a steady rise growing, and tells it by the hour", () => {
  const { perHour, verdict, at } = trendOf(
    points((at) => 100 + at / 1000),
    LEEWAY,
  );
  assertEquals([Math.round(perHour), verdict], [360, "growing"]);
  assertEquals(at, [110, 150, 199]);
});

Deno.test("trendOf() calls what has warmed up, a saw-tooth and a small rise flat", () => {
  const warmed = trendOf(points((at) => Math.min(at / 100, 300)), LEEWAY);
  assertEquals([warmed.perHour, warmed.verdict], [0, "flat"]);
  const teeth = trendOf(points((at) => 100 + (at / 1000 * 7) % 60), LEEWAY);
  assertEquals(teeth.verdict, "flat");
  const small = trendOf(points((at) => 100 + at / 50_000), LEEWAY);
  assert(small.perHour > 0);
  assertEquals(small.verdict, "flat");
});

Deno.test("trendOf() judges nothing that has just begun", () => {
  const begun = points((at) => at).slice(0, 50);
  assertEquals(trendOf(begun, LEEWAY).verdict, "too short");
});
