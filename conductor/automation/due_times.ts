import { Cron } from "croner";
import { invalidInput } from "../../shared/errors.ts";

const NAMES =
  "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|sun|mon|tue|wed|thu|fri|sat";
const FIELD = `(?:[\\d*,/-]|${NAMES})+`;
/** What every cron knows; seconds, years, `L`, `W`, `#`, `?`, `@daily` not all do. */
const FIVE_FIELDS = new RegExp(`^${FIELD}(?: +${FIELD}){4}$`, "i");

const CRON_RULE =
  'must be five fields (minute, hour, day of month, month, day of week; 0 and 7 are Sunday) of *, numbers, names (mon, jan), lists, ranges and steps of * or of a range, e.g. "30 2 * * 1-5" or "*/15 * * * *"';

const ZONE_NAME = /^[a-z][\w+/-]*$/i;
/** The second field. */
const EVERY_HOUR = /^\S+ +(\*|\*\/1|0-23) /;

/** Only a pattern: without a zone of its own, and without a timer. */
const PATTERN = { utcOffset: 0, mode: "5-part", paused: true } as const;

/**
 * When a cron expression is due in a time zone, to the millisecond since the
 * epoch. With every hour in it, it goes by the hours that pass. One that names
 * hours goes by times of day: what daylight saving leaves out is due at the
 * first moment after, what it repeats is due the first time only. With both
 * kinds of day restricted, either will do.
 */
export class DueTimes {
  readonly #wall: Cron;
  readonly #timezone: string;
  readonly #isHourly: boolean;
  #known: Stretch | undefined;

  /** @throws {AppError} `INVALID_INPUT` naming `cron` or `timezone` */
  constructor(cron: string, timezone: string) {
    this.#wall = patternOf(cron);
    this.#isHourly = EVERY_HOUR.test(cron);
    this.#timezone = timezone;
    try {
      // What it is used for takes whole dates as well.
      if (!ZONE_NAME.test(timezone)) throw new RangeError();
      this.#stretchAt(0);
    } catch {
      const rule = "must be the name of a time zone, e.g. Europe/Berlin or UTC";
      throw invalidInput("timezone", rule);
    }
  }

  /** The first due time after `after`; undefined when none will come. */
  next(after: number): number | undefined {
    let from = after + 1;
    while (true) {
      const { start, end, offset, step } = this.#stretchAt(from);
      if (!this.#isHourly) {
        // At the end of a gap is due what lay in it.
        const gap = from === start && step > 0 ? step : 0;
        if (gap > 0) {
          const leftOut = this.#wallAfter(from + offset - gap - 1);
          if (leftOut !== undefined && leftOut < from + offset) return from;
        }
        if (step < 0) from = Math.max(from, start - step);
      }
      const wall = this.#wallAfter(from + offset - 1);
      if (wall === undefined) return undefined;
      if (wall - offset < end) return wall - offset;
      from = end;
    }
  }

  /** Wall times are written as if they were UTC. */
  #wallAfter(wall: number): number | undefined {
    return this.#wall.nextRun(new Date(wall))?.getTime();
  }

  #stretchAt(at: number): Stretch {
    const known = this.#known;
    if (known !== undefined && at >= known.start && at < known.end) {
      return known;
    }
    const time = this.#zoned(at);
    // That before a moment is wanted which `at` may be itself.
    const start = this.#zoned(at + 1).getTimeZoneTransition("previous")
      ?.epochMilliseconds ?? -Infinity;
    const offset = offsetOf(time);
    return this.#known = {
      start,
      end: time.getTimeZoneTransition("next")?.epochMilliseconds ?? Infinity,
      offset,
      step: start === -Infinity ? 0 : offset - offsetOf(this.#zoned(start - 1)),
    };
  }

  #zoned(at: number): Temporal.ZonedDateTime {
    return Temporal.Instant.fromEpochMilliseconds(at)
      .toZonedDateTimeISO(this.#timezone);
  }
}

/** A time without a change of the clocks in it. */
interface Stretch {
  readonly start: number;
  readonly end: number;
  /** Milliseconds that wall time is ahead of UTC. */
  readonly offset: number;
  /** By how much the clocks were put forward when it began. */
  readonly step: number;
}

function offsetOf({ offsetNanoseconds }: Temporal.ZonedDateTime): number {
  return offsetNanoseconds / 1e6;
}

/** @throws {AppError} `INVALID_INPUT` */
function patternOf(cron: string): Cron {
  let pattern: Cron | undefined;
  try {
    if (FIVE_FIELDS.test(cron)) pattern = new Cron(cron, PATTERN);
  } catch { /* what is wrong with it is told by the rule */ }
  if (pattern === undefined) throw invalidInput("cron", CRON_RULE);
  if (pattern.nextRun(new Date(0)) !== null) return pattern;
  throw invalidInput("cron", "must come some day: no such day is in any year");
}
