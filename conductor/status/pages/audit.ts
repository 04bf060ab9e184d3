import type { AuditLook, BackupService } from "../../record/mod.ts";
import type { AuditRow, Poll } from "../../store/mod.ts";
import { cut, markup, type Value } from "../markup.ts";
import {
  badge,
  facts,
  ifRead,
  notes,
  pager,
  panel,
  shortId,
  table,
  Unread,
  when,
} from "../pieces.ts";
import { PAGES, taskLink } from "../shell.ts";
import { counted } from "../words.ts";
import { frame } from "./frame.ts";

/** Facts of a row that are shown. */
const FACTS = 7;
const COLUMNS = [
  { head: "Row", isNumber: true },
  { head: "When", isNumber: true, isClear: true },
  { head: "Who", isClear: true },
  { head: "Outcome", isClear: true },
  { head: "What", isClear: true },
] as const;

/** Renders what was done last, and whether the trail is whole. */
export function auditPage(
  { rows, look, backup, cursor, now, isSignedIn }: {
    readonly rows: Omit<Poll<AuditRow>, "gap"> | Unread;
    readonly look: AuditLook;
    /** The newest one. */
    readonly backup: ReturnType<BackupService["list"]>[number] | undefined;
    readonly cursor: string | undefined;
    readonly now: number;
    readonly isSignedIn?: boolean | undefined;
  },
): string {
  const verdict = look.verified?.verdict;
  return frame({
    here: "audit",
    tone: verdict === undefined || look.trouble !== undefined
      ? "plain"
      : verdict.ok
      ? "good"
      : "bad",
    now,
    isSignedIn,
    parts: [
      verdict && !verdict.ok &&
      notes([`The trail is not whole: ${verdict.problem}`], "bad"),
      panel("Chain", chain({ rows, look, backup, now })),
      panel(
        "Newest first",
        ifRead(rows, ({ items, next_cursor }) => [
          table(
            COLUMNS,
            together(items).map((it) =>
              row(it, { now, isNewest: cursor === undefined })
            ),
            {
              empty: "Nothing has been recorded.",
            },
          ),
          pager({ path: PAGES.audit[1], query: { cursor }, next: next_cursor }),
        ]),
      ),
    ],
  });
}

function chain(
  { rows, look: { verified, trouble, reading }, backup, now }: Omit<
    Parameters<typeof auditPage>[0],
    "cursor"
  >,
): Value {
  const { at, verdict } = verified ?? {};
  const end = rows instanceof Unread ? 0 : rows.last_seq;
  const isBehind = verdict !== undefined && end > verdict.head_seq;
  return facts({
    Verified: at && verdict
      ? markup`${
        badge(verdict.ok ? "whole" : "broken", verdict.ok ? "good" : "bad")
      } ${when(at, now)}`
      : "not yet since the start",
    "Being verified": reading !== undefined &&
      `${counted(reading, "row")} of it read: load the page again`,
    "Not verified": trouble && cut(trouble, 300),
    Read: verdict && counted(verdict.rows, "row"),
    "First bad row": verdict?.first_bad_seq,
    "Begun and not ended": verdict?.open_intents,
    Head: verdict &&
      markup`${verdict.head_seq} <code>${shortId(verdict.head_hash)}</code>`,
    "Written since": isBehind &&
      counted(end - verdict.head_seq, "row"),
    "In the newest backup": backup === undefined
      ? "no backup yet"
      : markup`${
        badge(
          backup.verified ? "verified" : "not verified",
          backup.verified ? "good" : "bad",
        )
      } ${when(backup.created_at, now)}`,
  });
}

/** Rows with what was begun in the line of its end, where both are on the page. */
function together(rows: readonly AuditRow[]): AuditRow[] {
  const begun = new Map(
    rows.filter((it) => it.phase === "intent").map((it) => [it.entry_id, it]),
  );
  const ended = new Set(
    rows.filter((it) => it.phase === "outcome").map((it) => it.entry_id),
  );
  return rows.filter((it) => it.phase === "outcome" || !ended.has(it.entry_id))
    .map((it) => ({ ...it, target: begun.get(it.entry_id)?.target ?? null }));
}

function row(
  it: AuditRow,
  { now, isNewest }: { readonly now: number; readonly isNewest: boolean },
): Value[] {
  const { seq, at, actor, source, action, task_id, phase, ok, code } = it;
  const about = Object.entries({ ...it.target, ...it.facts })
    .filter(([, value]) => value !== null && value !== action)
    .slice(0, FACTS).map(([name, value], at) =>
      markup`${at > 0 && ", "}${cut(name, 40)}: ${shortId(String(value))}`
    );
  return [
    seq,
    when(at, now),
    markup`${cut(actor, 80)}<br><small class="quiet">${
      cut(it.remote_address ?? source, 60)
    }</small>`,
    // The end of what an older page begins may stand on a newer one.
    phase === "intent"
      ? badge(isNewest ? "not ended" : "begun", isNewest ? "warn" : "plain")
      : badge(ok ? "done" : code ?? "failed", ok ? "good" : "bad"),
    markup`<code>${cut(action, 80)}</code>${
      about.length > 0 && markup`<br><small class="quiet">${about}</small>`
    }${
      task_id !== null &&
      markup`<br><small><a href="${taskLink(task_id)}">its task</a></small>`
    }`,
  ];
}
