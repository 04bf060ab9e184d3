import { assertEquals } from "@std/assert";
import { firstHour, lastDay } from "./run_hours.ts";

const NOW = Date.parse("2026-01-02T12:34:56.000Z");

Deno.test("lastDay() covers the last day, empty hours too", () => {
  const { by_hour: hours } = lastDay([], NOW);
  assertEquals(hours.length, 24);
  assertEquals(hours[0]?.from, "2026-01-01T13:00:00.000Z");
  assertEquals(hours.at(-1)?.from, "2026-01-02T12:00:00.000Z");
});

Deno.test("lastDay() counts lost runs as failed and leaves out what is older", () => {
  const hour = NOW / 3_600_000 | 0;
  const { by_hour: hours, ...sums } = lastDay([
    { hour, status: "succeeded", runs: 3 },
    { hour, status: "failed", runs: 1 },
    { hour, status: "lost", runs: 2 },
    { hour, status: "canceled", runs: 4 },
    { hour, status: "running", runs: 5 },
    { hour: hour - 24, status: "failed", runs: 7 },
  ], NOW);
  assertEquals(hours.at(-1), {
    from: "2026-01-02T12:00:00.000Z",
    succeeded: 3,
    failed: 3,
    canceled: 4,
  });
  assertEquals(sums, { succeeded: 3, failed: 3, canceled: 4 });
  assertEquals(hours.slice(0, -1).every((it) => it.failed === 0), true);
  assertEquals(firstHour(NOW), Date.parse("2026-01-01T13:00:00.000Z"));
});
