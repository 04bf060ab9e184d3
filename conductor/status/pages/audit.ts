import type { BackupService, Verified } from "../../record/mod.ts";
import type { AuditRow, Page } from "../../store/mod.ts";
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
  type Unread,
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
  { rows, verified, backup, cursor, now, isSignedIn }: {
    readonly rows: Page<AuditRow> | Unread;
    /** The newest verdict on the whole trail; undefined: none was asked for yet. */
    readonly verified: Verified | Unread | undefined;
    /** The newest one. */
    readonly backup: ReturnType<BackupService["list"]>[number] | undefined;
    readonly cursor: string | undefined;
    readonly now: number;
    readonly isSignedIn?: boolean | undefined;
  },
): string {
  const verdict = verified !== undefined && "verdict" in verified
    ? verified.verdict
    : undefined;
  return frame({
    here: "audit",
    tone: verdict === undefined ? "plain" : verdict.ok ? "good" : "bad",
    now,
    isSignedIn,
    parts: [
      verdict && !verdict.ok &&
      notes([`The trail is not whole: ${verdict.problem}`], "bad"),
      panel("Chain", chain({ verified, backup, now })),
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
  { verified, backup, now }: Omit<
    Parameters<typeof auditPage>[0],
    "rows" | "cursor"
  >,
): Value {
  const inBackup = backup !== undefined &&
    markup`${
      badge(
        backup.verified ? "verified" : "not verified",
        backup.verified ? "good" : "bad",
      )
    } ${when(backup.created_at, now)}`;
  if (verified === undefined) {
    return facts({
      "Since the start": "not verified: GET /v1/audit/verify reads all of it",
      "In the newest backup": inBackup || "no backup yet",
    });
  }
  return ifRead(verified, ({ at, verdict }) =>
    facts({
      Verified: markup`${
        badge(verdict.ok ? "whole" : "broken", verdict.ok ? "good" : "bad")
      } ${when(at, now)}`,
      Read: counted(verdict.rows, "row"),
      "First bad row": verdict.first_bad_seq,
      "Begun and not ended": verdict.open_intents,
      Head: markup`${verdict.head_seq} <code>${
        shortId(verdict.head_hash)
      }</code>`,
      "In the newest backup": inBackup,
    }));
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
