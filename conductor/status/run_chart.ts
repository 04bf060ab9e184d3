import type { RunHour, Status } from "./contract.ts";
import { type Markup, markup } from "./markup.ts";
import { clockTime } from "./words.ts";

/** Units of the drawing; the page stretches it to its own width. */
const HEIGHT = 100;
const STEP = 10;
const BAR = 8;
/** Between what succeeded and what failed: colour alone does not tell everybody. */
const GAP = 2;
/** Hours between two labels below the drawing. */
const LABEL_EVERY = 6;

/** Draws the last day's runs, an hour a bar: what failed stands on what succeeded. */
export function runChart(runs: Status["runs"]): Markup {
  const { succeeded, failed, canceled, by_hour: hours } = runs;
  const most = Math.max(...hours.map((it) => it.succeeded + it.failed), 1);
  const canceledToo = canceled === 0 ? "" : `, ${canceled} canceled`;
  const label = `${succeeded} succeeded, ${failed} failed${canceledToo}; ` +
    `at most ${most} in an hour`;
  const width = hours.length * STEP - (STEP - BAR);
  const bars = hours.map((hour, at) => bar(hour, { x: at * STEP, most }));
  const empty = succeeded + failed === 0 &&
    markup`<p class="empty"><span>No runs</span></p>`;
  const labels = hours.filter((_, at) => at % LABEL_EVERY === 0)
    .map((hour) => markup`<span>${clockTime(hour.from)}</span>`);
  return markup`
<section class="panel" aria-labelledby="runs">
<div class="row">
<h2 id="runs">Runs of the last 24 hours</h2>
<p class="legend"><span class="key good"></span>${succeeded} succeeded
<span class="key bad"></span>${failed} failed${canceledToo}</p>
</div>
<div class="chart">
<svg viewBox="0 0 ${width} ${HEIGHT}" preserveAspectRatio="none" role="img" aria-label="${label}">${bars}
</svg>${empty}
</div>
<p class="axis" aria-hidden="true">${labels}<span>now</span></p>
</section>`;
}

function bar(
  hour: RunHour,
  { x, most }: { readonly x: number; readonly most: number },
): Markup {
  const good = scaled(hour.succeeded, most);
  const bad = scaled(hour.failed, most);
  const gap = good > 0 && bad > 0 ? GAP : 0;
  const title = `${clockTime(hour.from)}: ${hour.succeeded} succeeded, ` +
    `${hour.failed} failed`;
  const rect = (kind: string, top: number, height: number) =>
    height > 0 && markup`
<rect class="${kind}" x="${x}" y="${top}" width="${BAR}" height="${height}"/>`;
  const rects = [
    rect("ground", 0, HEIGHT),
    rect("good", HEIGHT - good, good),
    rect("bad", HEIGHT - good - gap - bad, bad),
  ];
  return markup`
<g><title>${title}</title>${rects}</g>`;
}

/** One failure among a thousand is still to be seen. */
function scaled(count: number, most: number): number {
  if (count === 0) return 0;
  return Math.max(2, Math.round(count / most * (HEIGHT - 4 - GAP)));
}
