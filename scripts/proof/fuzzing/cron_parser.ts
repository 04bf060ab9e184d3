import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { DueTimes } from "../../../conductor/automation/due_times.ts";
import { dueTimesByHand } from "../../../conductor/testing/due_oracle.ts";
import { AppError } from "../../../shared/errors.ts";
import { type Parser, parser } from "./run_parser.ts";
import { anyText, texts } from "./texts.ts";

const HOUR_MS = 3_600_000;
/** How far the slow oracle looks. */
const WINDOW_MS = 3 * HOUR_MS;
/** It is asked for one in so many. */
const ASKED_FOR = 16;

const ZONES = [
  "UTC",
  "Europe/Berlin",
  "America/New_York",
  "America/Santiago",
  "Australia/Lord_Howe",
  "Asia/Kathmandu",
];
const PIECES = [
  "*",
  "/",
  "-",
  ",",
  " ",
  "0",
  "5",
  "7",
  "59",
  "60",
  "31",
  "mon",
  "feb",
  "*/15",
  "L",
  "W",
  "#",
  "?",
  "@daily",
];

/** One field of numbers between two. */
function field(low: number, high: number, stars: number): fc.Arbitrary<string> {
  const number = fc.integer({ min: low, max: high });
  const range = fc.tuple(number, number).map(([a, b]) =>
    `${Math.min(a, b)}-${Math.max(a, b)}`
  );
  const step = fc.integer({ min: 1, max: Math.max(2, (high - low) >> 1) });
  const part = fc.oneof(
    number.map(String),
    range,
    fc.tuple(range, step).map(([of, by]) => `${of}/${by}`),
  );
  return fc.oneof(
    { weight: stars, arbitrary: fc.constant("*") },
    { weight: 1, arbitrary: step.map((it) => `*/${it}`) },
    {
      weight: 3,
      arbitrary: fc.array(part, { minLength: 1, maxLength: 2 })
        .map((it) => it.join(",")),
    },
  );
}

const crons = fc.tuple(
  field(0, 59, 2),
  field(0, 23, 6),
  field(1, 31, 12),
  fc.oneof(field(1, 12, 12), fc.constantFrom("jan", "FEB-dec")),
  fc.oneof(field(0, 7, 12), fc.constantFrom("mon-fri", "sun")),
).map((it) => it.join(" "));

/** Moments at which clocks change, to come close to. */
const changes = ZONES.flatMap((zone) => {
  const moments: number[] = [];
  let at: Temporal.ZonedDateTime | null = Temporal.Instant
    .fromEpochMilliseconds(Date.UTC(2024, 0)).toZonedDateTimeISO(zone);
  while (moments.length < 6) {
    at = at.getTimeZoneTransition("next");
    if (at === null) break;
    moments.push(at.epochMilliseconds);
  }
  return moments;
});
const moments = fc.oneof(
  fc.integer({ min: Date.UTC(2000, 0), max: Date.UTC(2038, 0) }),
  fc.tuple(
    fc.constantFrom(...changes),
    fc.integer({ min: -2 * HOUR_MS, max: 2 * HOUR_MS }),
  ).map(([at, by]) => at + by),
);

/** When a schedule is due next, also where the clocks change. */
export const CRON_PARSER: Parser = parser("cron", () => {
  return {
    inputs: fc.tuple(
      fc.oneof(
        { weight: 2, arbitrary: crons },
        { weight: 1, arbitrary: texts(crons, PIECES) },
      ),
      fc.oneof(
        { weight: 20, arbitrary: fc.constantFrom(...ZONES) },
        { weight: 1, arbitrary: anyText },
      ),
      moments,
      fc.nat({ max: ASKED_FOR - 1 }),
    ),
    check([cron, timezone, after, turn], stopwatch) {
      let due: DueTimes;
      try {
        due = stopwatch.time(() => new DueTimes(cron, timezone));
      } catch (error) {
        assert(error instanceof AppError, String(error));
        assertEquals(error.code, "INVALID_INPUT");
        return;
      }
      const next = stopwatch.time(() => due.next(after));
      const until = after + WINDOW_MS;
      if (next === undefined) return;
      assert(next > after, "it is to come");
      assertEquals(next % 60_000, 0, "at a minute's beginning");
      const fresh = new DueTimes(cron, timezone);
      assertEquals(fresh.next(next - 1), next, "nothing else is before");
      const between = after + Math.floor((next - after) / 2);
      assertEquals(due.next(between), next, "nothing else is between");
      if (
        turn !== 0 || !/^[\w*/,-]+( [\w*/,-]+){4}$/.test(cron)
      ) {
        return;
      }
      const from = Math.floor(after / 60_000) * 60_000 + 60_000;
      const [[first] = []] = dueTimesByHand([cron], {
        timezone,
        from,
        to: until,
      });
      if (first !== undefined || next < until) assertEquals(next, first);
    },
  };
});
