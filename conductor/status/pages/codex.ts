import type {
  CodexdStatus,
  SessionList,
} from "../../../shared/contracts/mod.ts";
import { cut, type Markup, markup, type Value } from "../markup.ts";
import {
  badge,
  facts,
  ifRead,
  notes,
  panel,
  table,
  Unread,
  when,
} from "../pieces.ts";
import { frame, toneOf } from "./frame.ts";

/** Days of usage that are shown. */
const DAYS = 7;
const REFRESH_S = 15;

/** Renders Codex: whether it works, what it asks, its sessions and tokens. */
export function codexPage(
  { state, reading, told, now, isSignedIn }: {
    /** As conductor sees codexd, e.g. `healthy`. */
    readonly state: string;
    readonly reading: CodexReading | Unread;
    /** What came of the form that its reader has sent. */
    readonly told?: string | undefined;
    readonly now: number;
    readonly isSignedIn?: boolean | undefined;
  },
): string {
  const asks = !(reading instanceof Unread) && reading.approvals.length > 0;
  return frame({
    here: "codex",
    tone: state === "healthy" ? "good" : "warn",
    line: state,
    now,
    isSignedIn,
    // What somebody types must not be taken from under his hands.
    refreshS: asks ? undefined : REFRESH_S,
    parts: [
      told !== undefined && notes([cut(told, 2000)], "warn"),
      ifRead(reading, ({ status, sessions, approvals }) => [
        notes(status.degraded_reasons, "warn"),
        panel(
          "Waits for an answer",
          asks ? approvals : markup`<p class="quiet">Nothing</p>`,
        ),
        panel("Now", about(status, now)),
        panel("Sessions, used last first", list(sessions, now)),
        usage(status),
      ]),
    ],
  });
}

/** What is known of a codexd that answers. */
export interface CodexReading {
  readonly status: CodexdStatus;
  readonly sessions: SessionList;
  /** What waits, with its forms. */
  readonly approvals: readonly Markup[];
}

function about(status: CodexdStatus, now: number): Markup {
  const { app_server, account, sessions, approvals, rate_limits } = status;
  const { active_turns, known } = sessions;
  const window = (
    it: { used_percent: number; resets_at: string | null } | null = null,
  ) =>
    it &&
    markup`${Math.round(it.used_percent)} % used, anew ${
      when(it.resets_at, now) ?? "later"
    }`;
  return facts({
    Codex: cut(app_server.version ?? "unknown", 60),
    codexd: cut(status.version, 60),
    "App server": cut(app_server.state, 60),
    // Else it stands above already.
    Fault: app_server.fault &&
      !status.degraded_reasons.some((it) =>
        it.includes(app_server.fault?.reason ?? "")
      ) &&
      cut(`${app_server.fault.reason}: ${app_server.fault.fix}`, 1000),
    Restarts: app_server.restarts,
    "Logged in": account.logged_in === null
      ? "not known yet"
      : account.logged_in
      ? cut(
        [account.auth_mode, account.plan_type].filter((it) => it !== null).join(
          ", ",
        ) || "yes",
        100,
      )
      : "no",
    "Short window": window(rate_limits?.primary),
    "Long window": window(rate_limits?.secondary),
    Turns: `${active_turns.length} at work`,
    Sessions: known,
    Approvals: approvals.mode,
    "Widest sandbox": status.max_sandbox,
  });
}

function list({ sessions, complete }: SessionList, now: number): Value {
  return [
    !complete &&
    markup`<p class="quiet">Codex is away: those that codexd knows by itself.</p>`,
    table(
      [
        { head: "Session" },
        { head: "State" },
        { head: "Folder" },
        { head: "Model" },
        { head: "Used", isNumber: true },
      ],
      sessions.map((it) => [
        markup`${
          cut(it.title ?? (it.preview || "no title"))
        }<br><small class="quiet"><code>${
          cut(it.session_id, 80)
        }</code></small>`,
        badge(it.state.replace("_", " "), toneOf(it.state)),
        markup`<code>${cut(it.cwd, 200)}</code>`,
        cut(it.model, 60),
        when(it.updated_at, now),
      ]),
      { empty: "No sessions yet" },
    ),
  ];
}

function usage({ usage }: CodexdStatus): Value {
  if (usage === undefined) return null;
  const number = (it: number) => it.toLocaleString("en-GB");
  const line = (
    { turns, total_tokens, input_tokens, output_tokens }:
      (typeof usage)["total"],
  ) => [turns, total_tokens, input_tokens, output_tokens].map(number);
  return panel(
    "Tokens by day (UTC)",
    table(
      [
        { head: "Day" },
        { head: "Turns", isNumber: true },
        { head: "Tokens", isNumber: true },
        { head: "In", isNumber: true },
        { head: "Out", isNumber: true },
      ],
      [
        ...usage.usage.slice(0, DAYS).map((
          it,
        ) => [cut(it.key, 40), ...line(it)]),
        ["All days kept", ...line(usage.total)],
      ],
      { empty: "" },
    ),
  );
}
