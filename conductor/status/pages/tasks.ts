import {
  type Page,
  type TaskFilter,
  TaskStatus,
  type TaskSummary,
} from "../../store/mod.ts";
import { cut, type Markup, markup, type Value } from "../markup.ts";
import {
  badge,
  ifRead,
  linkTo,
  pager,
  panel,
  table,
  Unread,
  when,
} from "../pieces.ts";
import { PAGES, taskLink } from "../shell.ts";
import { duration } from "../words.ts";
import { frame, toneOf } from "./frame.ts";

const [, PATH] = PAGES.tasks;
const REFRESH_S = 15;
const KINDS = ["exec", "codex", "browser"];
const COLUMNS = [
  { head: "Task" },
  { head: "Status", isClear: true },
  { head: "Kind", isClear: true },
  { head: "Attempts", isNumber: true },
  { head: "Took", isNumber: true },
  { head: "Created", isNumber: true, isClear: true },
] as const;

/** Renders tasks, newest first. */
export function tasksPage(
  tasks: Page<TaskSummary> | Unread,
  { query, now, isSignedIn }: {
    readonly query: TaskQuery;
    readonly now: number;
    readonly isSignedIn?: boolean | undefined;
  },
): string {
  const isOpen = !(tasks instanceof Unread) &&
    tasks.items.some((it) => it.finished_at === null);
  return frame({
    here: "tasks",
    now,
    isSignedIn,
    // The oldest do not change, and who looks for a label may be typing one.
    refreshS: isOpen && !query.cursor && !query.label ? REFRESH_S : undefined,
    parts: [
      filters(query),
      panel(
        "Newest first",
        ifRead(tasks, ({ items, next_cursor }) => [
          table(COLUMNS, items.map((it) => row(it, now)), {
            empty: "No task matches",
          }),
          pager({ path: PATH, query: { ...query }, next: next_cursor }),
        ]),
      ),
    ],
  });
}

/** What the list is asked for. */
export type TaskQuery = TaskFilter & { readonly cursor?: string | undefined };

function row(task: TaskSummary, now: number): Value[] {
  const { task_id, title, labels, status, kind } = task;
  const { attempts, max_attempts } = task;
  return [
    markup`<a href="${taskLink(task_id)}">${cut(title)}</a>${
      labels.length > 0 && markup`
<br><small class="quiet">${cut(labels.join(" · "), 120)}</small>`
    }`,
    badge(status, toneOf(status)),
    cut(kind, 60),
    max_attempts > 1 && `${attempts} of ${max_attempts}`,
    took(task, now),
    when(task.created_at, now),
  ];
}

/** How long something has taken, or takes by now. */
export function took(
  { started_at, finished_at }: {
    readonly started_at: string | null;
    readonly finished_at: string | null;
  },
  now: number,
): string | null {
  if (started_at === null) return null;
  const end = finished_at === null ? now : Date.parse(finished_at);
  return duration(end - Date.parse(started_at));
}

function filters(query: TaskQuery): Markup {
  const { status, kind, label } = query;
  const hidden = Object.entries({ status, kind }).map(([name, value]) =>
    value !== undefined && markup`
<input type="hidden" name="${name}" value="${cut(value, 400)}">`
  );
  return markup`
<div class="filters">${choices("status", TaskStatus.options, query)}${
    choices("kind", KINDS, query)
  }
<form action="${PATH}" class="row">${hidden}
<label>Label <input name="label" maxlength="100" value="${
    cut(label, 400)
  }"></label>
<button>Show</button></form>
</div>`;
}

/** Links that set one filter, each beside what the others are. */
function choices(
  name: "status" | "kind",
  values: readonly string[],
  query: TaskQuery,
): Markup {
  const links = [undefined, ...values].map((value) => {
    const to = linkTo(PATH, { ...query, cursor: undefined, [name]: value });
    const current = query[name] === value && markup` aria-current="true"`;
    return markup`<a href="${to}"${current}>${value ?? `any ${name}`}</a>`;
  });
  return markup`
<p class="choices">${links}</p>`;
}
