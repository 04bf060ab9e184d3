import type { Status } from "./contract.ts";
import { type Markup, markup } from "./markup.ts";
import { clockTime, counted, duration } from "./words.ts";

const HOUR_MS = 3_600_000;
/** Quarters of an hour; the page stretches the drawing to its own width. */
const WIDTH = 96;
const LABELS = [0, 6, 12, 18] as const;

/** Draws when the next schedules are due within a day, a lane each. */
export function scheduleLanes(
  { schedules, at }: Pick<Status, "schedules" | "at">,
): Markup | false {
  if (schedules === null || schedules.count === 0) return false;
  const now = Date.parse(at);
  const { count, next } = schedules;
  const shown = next.length < count ? `the next ${next.length} of ` : "";
  const lanes = next.map((it) => lane(it, now));
  const labels = LABELS.map((hours) => {
    const time = new Date(now + hours * HOUR_MS).toISOString();
    return markup`<span>${hours === 0 ? "now" : clockTime(time)}</span>`;
  });
  return markup`
<section class="panel" aria-labelledby="schedules">
<div class="row">
<h2 id="schedules">Schedules of the next 24 hours</h2>
<p class="legend">${shown}${counted(count, "schedule")}</p>
</div>
<ul class="lanes">${lanes}
</ul>
<p class="axis" aria-hidden="true">${labels}<span>24 h</span></p>
</section>`;
}

function lane(
  { name, cron, timezone, next_at, missed, day }: Lane,
  now: number,
): Markup {
  const left = duration(Date.parse(next_at) - now);
  const starts = day.filter((quarter) => !day.includes(quarter - 1));
  const marks = starts.map((start) => {
    let end = start + 1;
    while (day.includes(end)) end++;
    const width = end - start;
    return markup`<rect class="good" x="${start}" width="${width}" height="1"/>`;
  });
  const misses = missed > 0 &&
    markup` <span class="warn-text">${missed} missed</span>`;
  return markup`
<li title="${cron} ${timezone}"><div class="row"><span>${name}${misses}</span><time class="quiet" datetime="${next_at}">${
    clockTime(next_at)
  }, in ${left}</time></div>
<svg viewBox="0 0 ${WIDTH} 1" preserveAspectRatio="none" shape-rendering="crispEdges" aria-hidden="true"><rect class="ground" width="${WIDTH}" height="1"/>${marks}</svg></li>`;
}

type Lane = NonNullable<Status["schedules"]>["next"][number];
