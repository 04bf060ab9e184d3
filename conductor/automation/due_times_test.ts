import { assertEquals, assertThrows } from "@std/assert";
import { AppError } from "../../shared/errors.ts";
import { dueTimesByHand } from "../testing/due_oracle.ts";
import { DueTimes } from "./due_times.ts";

const DAY_MS = 86_400_000;

function dueIn(
  cron: string,
  { timezone, from, to }: { timezone: string; from: number; to: number },
): number[] {
  const times = new DueTimes(cron, timezone);
  const due: number[] = [];
  let at = times.next(from - 1);
  while (at !== undefined && at < to) {
    due.push(at);
    at = times.next(at);
  }
  return due;
}

/** The due times of a day on which clocks change, as they show them. */
function local(cron: string, timezone: string, day: string): string[] {
  const from = Date.parse(`${day}T00:00:00Z`) - DAY_MS / 2;
  return dueIn(cron, { timezone, from, to: from + 2 * DAY_MS })
    .map((it) =>
      Temporal.Instant.fromEpochMilliseconds(it).toZonedDateTimeISO(timezone)
        .toString({ smallestUnit: "minute", timeZoneName: "never" })
    ).filter((it) => it.startsWith(day)).map((it) => it.slice(11));
}

Deno.test("DueTimes runs what daylight saving leaves out at the first moment after, once", () => {
  const in_ = (cron: string) => local(cron, "America/New_York", "2027-03-14");
  assertEquals(in_("30 2 * * *"), ["03:00-04:00"]);
  assertEquals(in_("0 2 * * *"), ["03:00-04:00"]);
  assertEquals(in_("*/15 2 * * *"), ["03:00-04:00"]);
  assertEquals(in_("0,30 2,3 * * *"), ["03:00-04:00", "03:30-04:00"]);
  assertEquals(in_("30 1-3 * * *"), [
    "01:30-05:00",
    "03:00-04:00",
    "03:30-04:00",
  ]);
  assertEquals(local("15 2 * * *", "Australia/Lord_Howe", "2026-10-04"), [
    "02:30+11:00",
  ]);
});

Deno.test("DueTimes runs a fixed time once in a repeated hour, and each hour that passes", () => {
  const in_ = (cron: string) => local(cron, "America/New_York", "2027-11-07");
  assertEquals(in_("30 1 * * *"), ["01:30-04:00"]);
  assertEquals(in_("*/30 1 * * *"), ["01:00-04:00", "01:30-04:00"]);
  assertEquals(in_("30 1-2 * * *"), ["01:30-04:00", "02:30-05:00"]);
  assertEquals(in_("0 * * * *").slice(0, 4), [
    "00:00-04:00",
    "01:00-04:00",
    "01:00-05:00",
    "02:00-05:00",
  ]);
  assertEquals(in_("*/5 * * * *").length, 25 * 12);
  assertEquals(local("45 1 * * *", "Australia/Lord_Howe", "2027-04-04"), [
    "01:45+11:00",
  ]);
});

Deno.test("DueTimes agrees with Intl, minute by minute, around every change of the clocks", () => {
  const crons = [
    "* * * * *",
    "*/7 * * * *",
    "30 * * * *",
    "45 */2 * * *",
    "15,45 0-3 * * *",
    "0 0 * * *",
    "59 23 * * mon-fri",
    "30 2 * * *",
    "*/20 1,2 1-14 mar,apr,oct,nov sun",
    "0 3 29 2 *",
  ];
  const places: readonly (readonly [string, readonly string[]])[] = [
    ["America/New_York", ["2027-03-14", "2027-11-07"]],
    ["Europe/Berlin", ["2027-03-28", "2026-10-25"]],
    ["Australia/Lord_Howe", ["2027-04-04", "2026-10-04"]],
    ["America/Santiago", ["2027-04-04", "2026-09-06"]],
    ["Africa/Casablanca", ["2026-02-15", "2026-03-22"]],
    ["Asia/Kolkata", ["2027-01-01"]],
    ["America/Havana", ["2027-03-14", "2026-11-01"]],
  ];
  for (const [timezone, days] of places) {
    for (const day of days) {
      const from = Date.parse(`${day}T00:00:00Z`) - DAY_MS / 2;
      const range = { timezone, from, to: from + 1.5 * DAY_MS };
      const byHand = dueTimesByHand(crons, range);
      crons.forEach((cron, index) => {
        assertEquals(dueIn(cron, range), byHand[index], `${cron} ${timezone}`);
      });
    }
  }
});

Deno.test("DueTimes goes on from any moment, also inside a gap's end or a repeated hour", () => {
  const times = new DueTimes("30 1,2 * * *", "America/New_York");
  const next = (after: string) =>
    new Date(times.next(Date.parse(after)) ?? NaN).toISOString();
  assertEquals(next("2027-03-14T06:59:59.999Z"), "2027-03-14T07:00:00.000Z");
  assertEquals(next("2027-03-14T07:00:00.000Z"), "2027-03-15T05:30:00.000Z");
  assertEquals(next("2027-11-07T05:30:00.000Z"), "2027-11-07T07:30:00.000Z");
  assertEquals(next("2027-11-07T06:10:00.000Z"), "2027-11-07T07:30:00.000Z");
  const leap = new DueTimes("0 0 29 2 *", "UTC");
  assertEquals(leap.next(Date.parse("2026-11-26")), Date.parse("2028-02-29"));
});

Deno.test("DueTimes refuses what is no cron of five fields, and days that never come", () => {
  const refuses = (cron: string, timezone = "UTC") =>
    assertThrows(() => new DueTimes(cron, timezone), AppError, "", cron)
      .details?.issues as { path: string; message: string }[];
  for (
    const cron of [
      "",
      "* * * *",
      "* * * * * *",
      "0 0 1 1 * 2030",
      "@daily",
      "0 0 L * *",
      "0 0 15W * *",
      "0 0 * * 1#2",
      "0 0 * * 5L",
      "0 0 ? * *",
      "0 0 13 * +5",
      "60 * * * *",
      "0 24 * * *",
      "0 0 0 * *",
      "0 0 * * 8",
      "*/0 * * * *",
      "5/15 * * * *",
      "10-5 * * * *",
      "1,,2 * * * *",
      "0\t0 * * *",
      "2026-11-26T00:00:00",
    ]
  ) {
    const [issue] = refuses(cron);
    assertEquals(issue?.path, "cron");
    assertEquals(issue?.message.startsWith("must be five fields"), true);
  }
  for (const cron of ["0 0 30 2 *", "0 0 31 4,6,9,11 *"]) {
    assertEquals(refuses(cron)[0]?.message.includes("no such day"), true);
  }
  for (
    const zone of [
      "Mars/Phobos",
      "",
      "CEST+1",
      "Europe/",
      "2020-01-01T00:00[Europe/Berlin]",
    ]
  ) {
    assertEquals(refuses("0 0 * * *", zone)[0]?.path, "timezone");
  }
});
