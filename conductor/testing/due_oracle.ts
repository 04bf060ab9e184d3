const MINUTE_MS = 60_000;
const NAMES = [
  [],
  [],
  [],
  "jan feb mar apr may jun jul aug sep oct nov dec".split(" "),
  "sun mon tue wed thu fri sat".split(" "),
];
const RANGES = [[0, 59], [0, 23], [1, 31], [1, 12], [0, 7]] as const;

/** No clock is ever changed but at a quarter of an hour. */
const ASKED_EVERY = 15;

/**
 * Every due time of `crons` in `[from, to)`, found the slow way: minute by
 * minute, as Intl says what the clocks on the wall show. It shares nothing with
 * the product.
 */
export function dueTimesByHand(
  crons: readonly string[],
  { timezone, from, to }: {
    readonly timezone: string;
    readonly from: number;
    readonly to: number;
  },
): readonly (readonly number[])[] {
  const clock = new Intl.DateTimeFormat("en-GB", {
    timeZone: timezone,
    hourCycle: "h23",
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
  });
  // Read as if it were UTC: 05/11/2026, 01:30
  const readAt = (at: number) => {
    const it = clock.format(at).match(/\d+/g)?.map(Number) ?? [];
    const [day = 0, month = 0, year = 0, hour = 0, minute = 0] = it;
    return Date.UTC(year, month - 1, day, hour, minute);
  };
  const step = ASKED_EVERY * MINUTE_MS;
  let asked = { at: NaN, wall: NaN };
  const wallOf = (at: number) => {
    const start = Math.floor(at / step) * step;
    if (asked.at !== start) asked = { at: start, wall: readAt(start) };
    return asked.wall + at - start;
  };
  const patterns = crons.map(parse);
  const byMinute = Array.from(
    { length: 60 },
    (_, minute) =>
      patterns.flatMap(({ minutes }, index) =>
        minutes?.has(minute) ? [index] : []
      ),
  );
  const due = crons.map(() => new Array<number>());
  // The latest that they have shown; no repetition is longer than three hours.
  let latest = wallOf(from - MINUTE_MS);
  for (let at = from - 180 * MINUTE_MS; at < from; at += MINUTE_MS) {
    latest = Math.max(latest, wallOf(at));
  }
  for (let at = from; at < to; at += MINUTE_MS) {
    const wall = wallOf(at);
    // The minutes that the clocks show for the first time, left out ones too.
    const fresh = walls(latest, wall);
    for (const shown of fresh.length > 0 ? fresh : [wall]) {
      for (const index of byMinute[shown / MINUTE_MS % 60] ?? []) {
        const { everyHour, matches } = patterns[index] ?? parse("");
        const counts = everyHour ? shown === wall : shown > latest;
        const own = due[index];
        if (counts && matches(shown) && own?.at(-1) !== at) own?.push(at);
      }
    }
    latest = Math.max(latest, wall);
  }
  return due;
}

/** The minutes after `from`, up to `to`. */
function walls(from: number, to: number): number[] {
  const count = Math.max(0, (to - from) / MINUTE_MS);
  return Array.from({ length: count }, (_, i) => from + (i + 1) * MINUTE_MS);
}

function parse(cron: string) {
  const fields = cron.toLowerCase().split(" ");
  const [minutes, hours, dates, months, days] = fields.map(setOf);
  if (days?.has(7)) days.add(0);
  const anyDay = fields[2] === "*" || fields[4] === "*";
  return {
    minutes,
    everyHour: ["*", "*/1", "0-23"].includes(fields[1] ?? ""),
    matches(wall: number) {
      const minute = wall / MINUTE_MS;
      if (!minutes?.has(minute % 60)) return false;
      if (!hours?.has(Math.floor(minute / 60) % 24)) return false;
      const time = new Date(wall);
      const byDate = dates?.has(time.getUTCDate()) ?? false;
      const byDay = days?.has(time.getUTCDay()) ?? false;
      return months?.has(time.getUTCMonth() + 1) === true &&
        (anyDay ? byDate && byDay : byDate || byDay);
    },
  };
}

function setOf(field: string, index: number): Set<number> {
  const [low = 0, high = 0] = RANGES[index] ?? [];
  const number = (text: string) => {
    const name = NAMES[index]?.indexOf(text) ?? -1;
    return name < 0 ? Number(text) : index === 3 ? name + 1 : name;
  };
  const values = new Set<number>();
  for (const part of field.split(",")) {
    const [range = "", step = "1"] = part.split("/");
    const [first = "", last = first] = range.split("-");
    const from = range === "*" ? low : number(first);
    const to = range === "*" ? high : number(last);
    for (let it = from; it <= to; it += Number(step)) values.add(it);
  }
  return values;
}
