import type { BrowserView } from "../../browser/mod.ts";
import { cut, type Markup, markup, type Value } from "../markup.ts";
import { badge, facts, ifRead, panel, table, Unread, when } from "../pieces.ts";
import { counted } from "../words.ts";
import { frame, toneOf } from "./frame.ts";

/** Rows of each kind that are shown. */
const SHOWN = 25;

/** Renders the owner's browser: who is there, which logins, which limits. */
export function browserPage(
  { view, now, isSignedIn }: {
    readonly view: BrowserView | Unread;
    readonly now: number;
    readonly isSignedIn?: boolean | undefined;
  },
): string {
  const isHere = !(view instanceof Unread) && view.bridge.connected;
  return frame({
    here: "browser",
    tone: isHere ? "good" : "warn",
    line: isHere ? "connected" : "away: no extension is connected",
    now,
    isSignedIn,
    refreshS: 15,
    parts: [
      ifRead(view, (it) => [
        panel("Now", about(it, now)),
        clients(it, now),
        limits(it, now),
        logins(it, now),
      ]),
    ],
  });
}

function about({ bridge, policy, summary }: BrowserView, now: number): Markup {
  const { required, open_until, paired } = bridge.pairing;
  const { fresh, stale, lost, tabs, endpoints } = summary;
  return facts({
    Browsers: `${summary.connected_clients} of ${summary.clients} connected`,
    "In flight": bridge.in_flight,
    Records: `${fresh} fresh, ${stale} stale, ${lost} lost`,
    Tabs: tabs,
    Endpoints: endpoints,
    Pairing: required
      ? open_until === null
        ? `${paired} paired`
        : markup`${paired} paired, open: closes ${when(open_until, now)}`
      : "by the shared token",
    "Private targets": cut(policy.allowed_hosts.join(", ") || "none", 1000),
  });
}

function clients({ bridge }: BrowserView, now: number): Markup {
  return panel(
    "Browsers and their containers",
    table(
      [
        { head: "Browser" },
        { head: "State" },
        { head: "Containers" },
        { head: "In flight", isNumber: true },
        { head: "Seen", isNumber: true },
      ],
      bridge.clients.slice(0, SHOWN).map((it) => [
        markup`${cut(it.browser, 100)}<br><small class="quiet"><code>${
          cut(it.client_id, 130)
        }</code></small>`,
        it.connected
          ? badge(it.active ? "connected, asked first" : "connected", "good")
          : badge("away", "plain"),
        cut(it.containers.map(({ name }) => name).join(" · "), 300),
        it.in_flight,
        when(it.seen_at, now),
      ]),
      { empty: "None has been here." },
    ),
    more(bridge.clients.length, "browser"),
  );
}

function limits({ policy }: BrowserView, now: number): Markup {
  const { max_in_flight, spacing_ms, breaker_failures, platforms } = policy;
  return panel(
    "Limits",
    markup`<p class="quiet">At most ${max_in_flight} at once, ${spacing_ms} ms apart, left alone after ${
      counted(breaker_failures, "failure")
    } in a row.</p>`,
    table(
      [
        { head: "Site" },
        { head: "Breaker" },
        { head: "In flight", isNumber: true },
        { head: "Failures in a row", isNumber: true },
        { head: "Again", isNumber: true },
      ],
      platforms.slice(0, SHOWN).map((it) => [
        cut(it.platform, 200),
        badge(
          it.breaker.replace("_", " "),
          it.breaker === "closed" ? "good" : "bad",
        ),
        `${it.in_flight} of ${max_in_flight}`,
        it.failures_in_a_row,
        when(it.breaker_until ?? it.next_request_at, now) ?? "now",
      ]),
      { empty: "No site has been asked since the start." },
    ),
    more(platforms.length, "site"),
  );
}

function logins({ login_records }: BrowserView, now: number): Markup {
  return panel(
    "Logins: fingerprints, never values",
    table(
      [
        { head: "Host" },
        { head: "Container" },
        { head: "Name" },
        { head: "State" },
        { head: "Length", isNumber: true },
        { head: "Seen", isNumber: true },
      ],
      login_records.slice(0, SHOWN).map((it): Value[] => [
        cut(it.host, 120),
        cut(it.container ?? "default", 120),
        markup`${cut(it.header, 60)} ${cut(it.name, 120)}`,
        badge(it.logged_out ? "logged out" : it.status, toneOf(it.status)),
        it.length,
        when(it.seen_at, now),
      ]),
      { empty: "None has been seen." },
    ),
    more(login_records.length, "record"),
  );
}

function more(count: number, noun: string): Value {
  return count > SHOWN &&
    markup`<p class="quiet">${SHOWN} of ${
      counted(count, noun)
    }: GET /v1/browser has all.</p>`;
}
