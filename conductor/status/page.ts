import type { PublicStatus, Status } from "./contract.ts";
import { Markup, markup } from "./markup.ts";
import { details } from "./page_details.ts";
import { STYLE } from "./style.ts";
import { dateAndTime, duration } from "./words.ts";

/** Seconds between two loads of the page. */
const REFRESH_S = 15;

const MODES = {
  running: "Running",
  paused: "Paused",
  draining: "Draining",
  unknown: "Unknown",
} as const;

const HEALTH = {
  ok: "healthy",
  degraded: "degraded",
  not_ready: "not ready",
} as const;

const LAMPS = {
  good: "#1a7f4b",
  warn: "#c98a04",
  bad: "#d1453b",
} as const satisfies Record<Tone, string>;

/** Renders the whole status, or what a stranger may see of it. */
export function statusPage(
  status: Status | PublicStatus,
  options: PageOptions,
): string {
  const full = "at" in status ? status : undefined;
  const tone = toneOf(status);
  const mode = MODES[status.mode];
  const facts = [
    full?.node.host,
    HEALTH[status.health],
    full?.node.role,
    `up ${duration(status.uptime_ms)}`,
    full === undefined ? `version ${status.version}` : undefined,
  ].filter((it) => it !== undefined);
  const hero = markup`
<header class="hero"><span class="lamp ${tone}"></span><div>
<h1>${full?.drained ? "Drained" : mode}</h1>
<p>${facts.join(" · ")}</p>
</div></header>`;
  return page({
    tone,
    title: `${mode} · ${full?.node.host ?? "baa-conductor"}`,
    parts: [hero, full && details(full), footer(full?.at, options)],
  });
}

type Tone = "good" | "warn" | "bad";

/** What a page says at its foot. */
interface PageOptions {
  /** Whose figures these are, e.g. `conductor`. */
  readonly source: string;
}

/** Renders that there is nothing to show, and why. */
export function outagePage(
  reason: string,
  options: PageOptions & { readonly at: string },
): string {
  const hero = markup`
<header class="hero"><span class="lamp bad"></span><div>
<h1>No answer</h1>
<p>${reason}</p>
<p class="quiet">This page tries again by itself.</p>
</div></header>`;
  return page({
    tone: "bad",
    title: "No answer · baa-conductor",
    parts: [hero, footer(options.at, options)],
  });
}

function toneOf({ health, mode }: PublicStatus): Tone {
  if (health === "not_ready") return "bad";
  return health === "degraded" || mode !== "running" ? "warn" : "good";
}

function footer(at: string | undefined, { source }: PageOptions): Markup {
  const time = at &&
    markup`As of <time datetime="${at}">${dateAndTime(at)}</time>, from `;
  const again = `${source} · loads again every ${REFRESH_S} s`;
  return markup`
<footer>${time}${again}</footer>`;
}

function page(
  { title, tone, parts }: {
    readonly title: string;
    readonly tone: Tone;
    readonly parts: readonly (Markup | undefined)[];
  },
): string {
  return markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="refresh" content="${REFRESH_S}">
<title>${title}</title>
<link rel="icon" href="${icon(LAMPS[tone])}">
<style>${new Markup(STYLE)}</style>
</head>
<body>
<main>${parts}
</main>
</body>
</html>
`.text;
}

/** The lamp once more, for a tab that nobody looks at. */
function icon(color: string): string {
  const circle = `<circle cx="8" cy="8" r="6" fill="${color}"/>`;
  const svg =
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16">${circle}</svg>`;
  return `data:image/svg+xml,${encodeURIComponent(svg)}`;
}
