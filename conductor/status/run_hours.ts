import { isoTime } from "../../shared/clock.ts";
import type { RunHour, Status } from "./contract.ts";
import type { RunCount } from "../store/mod.ts";

const HOUR_MS = 3_600_000;
const HOURS = 24;

/** When the first of the last day's hours began. */
export function firstHour(now: number): number {
  return (Math.floor(now / HOUR_MS) - HOURS + 1) * HOUR_MS;
}

/** Sums up the runs of the last day. */
export function lastDay(
  counts: readonly RunCount[],
  now: number,
): Status["runs"] {
  const hours = runHours(counts, now);
  const sum = (of: (hour: RunHour) => number) =>
    hours.reduce((total, hour) => total + of(hour), 0);
  return {
    succeeded: sum((it) => it.succeeded),
    failed: sum((it) => it.failed),
    canceled: sum((it) => it.canceled),
    by_hour: hours,
  };
}

/** Puts the counts into the hours of the last day, empty ones too, oldest first. */
function runHours(
  counts: readonly RunCount[],
  now: number,
): RunHour[] {
  const first = firstHour(now) / HOUR_MS;
  return Array.from({ length: HOURS }, (_, at) => {
    const of = (...statuses: readonly RunCount["status"][]) =>
      counts.filter((it) =>
        it.hour === first + at && statuses.includes(it.status)
      ).reduce((sum, it) => sum + it.runs, 0);
    return {
      from: isoTime((first + at) * HOUR_MS),
      succeeded: of("succeeded"),
      failed: of("failed", "lost"),
      canceled: of("canceled"),
    };
  });
}
