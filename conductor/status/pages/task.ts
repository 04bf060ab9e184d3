import type { LogEntry, Run, TaskDetail } from "../../store/mod.ts";
import { cut, type Markup, markup, type Value } from "../markup.ts";
import {
  badge,
  facts,
  ifRead,
  notes,
  output,
  panel,
  table,
  Unread,
  when,
} from "../pieces.ts";
import { PAGES, taskLink } from "../shell.ts";
import { duration, size } from "../words.ts";
import { frame, toneOf } from "./frame.ts";
import { took } from "./tasks.ts";

const REFRESH_S = 10;
/** What a page holds of what may be any length, in bytes. */
const LOG_BYTES = 20_000;
const OUTPUT_BYTES = 10_000;
const PAYLOAD_BYTES = 6000;

const RUN_COLUMNS = [
  { head: "Attempt", isNumber: true },
  { head: "Ended as" },
  { head: "Exit code", isNumber: true },
  { head: "Took", isNumber: true },
  { head: "Began", isNumber: true },
  { head: "Why" },
] as const;

/** Renders one task: how it went, what it printed, what it waits for. */
export function taskPage(
  { task, runs, log, outputs, retry, now, isSignedIn }: {
    readonly task: TaskDetail;
    /** The newest attempts. */
    readonly runs: readonly Run[] | Unread;
    /** The last lines, oldest first. */
    readonly log: readonly LogEntry[] | Unread;
    /** What the latest attempt printed, where it is a command's. */
    readonly outputs: readonly PrintedEnd[] | Unread;
    /** The command that does it again, where there is one. */
    readonly retry?: string | undefined;
    readonly now: number;
    readonly isSignedIn?: boolean | undefined;
  },
): string {
  const { status, kind, attempts, max_attempts } = task;
  return frame({
    here: "tasks",
    title: cut(task.title, 1500),
    tone: toneOf(status),
    line: markup`${badge(status, toneOf(status))} · ${
      cut(kind, 60)
    } · attempt ${attempts} of ${max_attempts}`,
    now,
    isSignedIn,
    refreshS: task.finished_at === null ? REFRESH_S : undefined,
    parts: [
      waiting(task, now),
      failure(task, { log, retry }),
      panel("Facts", about(task, now)),
      panel(
        "Attempts",
        ifRead(
          runs,
          (items) =>
            table(RUN_COLUMNS, items.map((it) => runRow(it, now)), {
              empty: "It has not begun yet.",
            }),
        ),
      ),
      panel("End of its log", ifRead(log, logTail)),
      ifRead(outputs, outputPanels),
      markup`
<details class="panel"><summary>Payload</summary>${
        output(JSON.stringify(task.payload, null, 2), PAYLOAD_BYTES, {
          keep: "start",
        })
      }</details>`,
    ],
  });
}

/** The end of what a command printed to one stream. */
export interface PrintedEnd {
  readonly stream: string;
  readonly text: string;
  readonly sizeBytes: number;
}

function waiting({ waits_for }: TaskDetail, now: number): Value {
  return notes(
    waits_for.map(({ approval_id, kind, expires_at }) =>
      markup`It waits for an answer: <a href="${PAGES.codex[1]}#${
        cut(approval_id)
      }">${cut(kind, 60)}</a>, which is declined ${when(expires_at, now)}`
    ),
    "warn",
  );
}

function failure(
  { error, finished_at, latest_run }: TaskDetail,
  { log, retry }: Pick<Parameters<typeof taskPage>[0], "log" | "retry">,
): Value {
  if (error === null) return null;
  const title = finished_at === null
    ? "Why its latest attempt failed"
    : "Why it failed";
  const said = log instanceof Unread
    ? undefined
    : lastWords(log.filter((it) => it.run_id === latest_run?.run_id));
  return panel(
    title,
    markup`
<p class="message"><strong class="bad-text">${cut(error.code)}</strong> ${
      cut(error.message, 3000)
    }</p>`,
    said !== undefined && markup`
<p class="message"><span class="quiet">Last line of ${said.stream}:</span> <code>${
      cut(said.message, 2000)
    }</code></p>`,
    finished_at !== null && retry !== undefined && markup`
<p class="quiet">To do it again:</p>
<pre class="copy">${cut(retry, 1000)}</pre>`,
  );
}

/** The last line of stderr; where it has none, of stdout. */
function lastWords(lines: readonly LogEntry[]): LogEntry | undefined {
  const last = (stream: string) =>
    lines.findLast((it) => it.stream === stream && it.message.trim() !== "");
  return last("stderr") ?? last("stdout");
}

function about(task: TaskDetail, now: number): Markup {
  const { schedule, retry_of, effective_timeout_ms, max_attempts } = task;
  return facts({
    Id: markup`<code>${cut(task.task_id)}</code>`,
    Created: when(task.created_at, now),
    "Not before": when(task.not_before, now),
    Began: when(task.started_at, now),
    Ended: when(task.finished_at, now),
    Took: took(task, now),
    "Next attempt": when(task.next_attempt_at, now),
    "Asked to cancel": when(task.cancel_requested_at, now),
    "Time limit": effective_timeout_ms === null
      ? "none"
      : duration(effective_timeout_ms),
    Attempts: `${task.attempts} of ${max_attempts}`,
    Priority: task.priority,
    Labels: task.labels.length > 0 && cut(task.labels.join(" · "), 1500),
    Schedule: schedule !== null &&
      markup`<a href="${PAGES.schedules[1]}">${cut(schedule)}</a>`,
    Due: when(task.due_at, now),
    "Does again": retry_of !== null &&
      markup`<a href="${taskLink(retry_of)}"><code>${cut(retry_of)}</code></a>`,
    Survives: task.survive && "a restart of conductor",
  });
}

function runRow(run: Run, now: number): Value[] {
  const { attempt, status, outcome } = run;
  const exitCode = outcome?.result?.exit_code;
  return [
    attempt,
    badge(status, toneOf(status)),
    typeof exitCode === "number" ? exitCode : null,
    took(run, now),
    when(run.started_at, now),
    outcome && !outcome.ok &&
    markup`${cut(outcome.code, 60)} ${cut(outcome.message, 400)}`,
  ];
}

function logTail(lines: readonly LogEntry[]): Value {
  if (lines.length === 0) return markup`<p class="quiet">Nothing yet</p>`;
  return output(lines.map((it) => it.message).join("\n"), LOG_BYTES);
}

function outputPanels(outputs: readonly PrintedEnd[]): Value {
  return outputs.filter(({ sizeBytes }) => sizeBytes > 0)
    .map(({ stream, text, sizeBytes }) =>
      panel(
        `End of ${stream}, ${size(sizeBytes)} in all`,
        output(text, OUTPUT_BYTES),
      )
    );
}
