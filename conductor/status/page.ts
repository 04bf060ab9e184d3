import type { PublicStatus, Status } from "./contract.ts";
import { cut, markup } from "./markup.ts";
import { details } from "./page_details.ts";
import { foot, hero, PAGES, shell, type Tone } from "./shell.ts";
import { duration } from "./words.ts";

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

/** Renders the whole status, or what a stranger may see of it. */
export function statusPage(
  status: Status | PublicStatus,
  { source, leadsOn = false, isSignedIn = false, maySignIn = false }:
    & PageOptions
    & {
      /** Whether the reader would see more with a session. */
      readonly maySignIn?: boolean;
      /** Whether the reader has a session. */
      readonly isSignedIn?: boolean;
      /** Whether the reader may go to the other pages. */
      readonly leadsOn?: boolean;
    },
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
  const title = full?.drained ? "Drained" : mode;
  return shell({
    tone,
    title: cut(`${mode} · ${full?.node.host ?? "baa-conductor"}`),
    here: leadsOn ? "status" : undefined,
    isSignedIn,
    refreshS: REFRESH_S,
    parts: [
      hero({ tone, title, line: cut(facts.join(" · "), 1000) }),
      full && details(full, { leadsOn }),
      maySignIn && markup`
<p><a href="${PAGES.tasks[1]}">Sign in to see more</a></p>`,
      foot({ at: full?.at, source, refreshS: REFRESH_S }),
    ],
  });
}

/** What a page says at its foot. */
interface PageOptions {
  /** Whose figures these are, e.g. `conductor`. */
  readonly source: string;
}

/** Renders that there is nothing to show, and why. */
export function outagePage(
  reason: string,
  { at, source }: PageOptions & { readonly at: string },
): string {
  const title = "No answer";
  const line = markup`${cut(reason, 4000)}</p>
<p class="quiet">This page tries again by itself.`;
  return shell({
    tone: "bad",
    title: `${title} · baa-conductor`,
    refreshS: REFRESH_S,
    parts: [
      hero({ tone: "bad", title, line }),
      foot({ at, source, refreshS: REFRESH_S }),
    ],
  });
}

function toneOf({ health, mode }: PublicStatus): Tone {
  if (health === "not_ready") return "bad";
  return health === "degraded" || mode !== "running" ? "warn" : "good";
}
