import { assertEquals } from "@std/assert";
import { ago, counted, duration, size } from "./words.ts";

Deno.test("duration() gives the two largest units", () => {
  for (
    const [ms, words] of [
      [0, "0 s"],
      [-5, "0 s"],
      [999, "0 s"],
      [61_000, "1 min 1 s"],
      [3_600_000, "1 h"],
      [3_605_000, "1 h"],
      [90_061_000, "1 d 1 h"],
    ] as const
  ) assertEquals(duration(ms), words);
});

Deno.test("ago() bears a clock that is a little behind", () => {
  const now = Date.parse("2026-01-01T00:00:10.000Z");
  assertEquals(ago("2026-01-01T00:00:10.500Z", now), "just now");
  assertEquals(ago("2026-01-01T00:00:00.000Z", now), "10 s ago");
});

Deno.test("size() gives three digits", () => {
  assertEquals([0, 999, 1500, 412e9].map(size), [
    "0 B",
    "999 B",
    "1.5 kB",
    "412 GB",
  ]);
});

Deno.test("counted() agrees with its noun", () => {
  assertEquals([counted(0, "task"), counted(1, "task")], ["0 tasks", "1 task"]);
});
