import type { Page, ScheduleSummary } from "../../store/mod.ts";
import type { Status } from "../contract.ts";
import { cut, markup, type Value } from "../markup.ts";
import {
  badge,
  ifRead,
  pager,
  panel,
  table,
  type Unread,
  when,
} from "../pieces.ts";
import { scheduleLanes } from "../schedule_lanes.ts";
import { PAGES, taskLink } from "../shell.ts";
import { clockTime } from "../words.ts";
import { frame, toneOf } from "./frame.ts";

const COLUMNS = [
  { head: "Schedule" },
  { head: "When" },
  { head: "State" },
  { head: "Next", isNumber: true },
  { head: "Last" },
  { head: "Missed", isNumber: true },
] as const;

/** Renders what comes again: the next day as a picture, then each schedule. */
export function schedulesPage(
  { status, list, cursor, now, isSignedIn }: {
    readonly status: Pick<Status, "schedules" | "at">;
    readonly list: Page<ScheduleSummary> | Unread;
    readonly cursor: string | undefined;
    readonly now: number;
    readonly isSignedIn?: boolean | undefined;
  },
): string {
  return frame({
    here: "schedules",
    now,
    isSignedIn,
    refreshS: 60,
    parts: [
      scheduleLanes(status),
      panel(
        "All, newest first",
        ifRead(list, ({ items, next_cursor }) => [
          table(COLUMNS, items.map((it) => row(it, now)), {
            empty: "No schedules yet",
          }),
          pager({
            path: PAGES.schedules[1],
            query: { cursor },
            next: next_cursor,
          }),
        ]),
      ),
    ],
  });
}

function row(schedule: ScheduleSummary, now: number): Value[] {
  const { name, task, cron, timezone, enabled, next_at, last, missed } =
    schedule;
  return [
    markup`${cut(name)}<br><small class="quiet">${
      cut(task.title, 200)
    }</small>`,
    markup`<code>${cut(cron, 200)}</code><br><small class="quiet">${
      cut(timezone, 100)
    }</small>`,
    enabled ? badge("enabled", "good") : badge("off", "plain"),
    next_at !== null &&
    markup`${when(next_at, now)}<br> <small class="quiet">${
      clockTime(next_at)
    }</small>`,
    last &&
    markup`<a href="${taskLink(last.task_id)}">${when(last.due_at, now)}</a> ${
      last.status && badge(last.status, toneOf(last.status))
    }`,
    missed.total > 0 &&
    markup`<span class="warn-text">${missed.total}</span>${
      missed.to &&
      markup`<br><small class="quiet">${when(missed.to, now)}</small>`
    }`,
  ];
}
