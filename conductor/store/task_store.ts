import type { Redactor } from "../../shared/redact.ts";
import type { PageRequest } from "../../shared/page.ts";
import {
  effectiveTimeout,
  type Failure,
  type NewTask,
  type Task,
  type TaskFilter,
  type TaskStatus,
  type TaskSummary,
} from "./model/task.ts";
import type { Database } from "./database.ts";
import { dueKeyRange } from "./due_key.ts";
import { type List, type Page, readPage } from "./list.ts";
import {
  SUMMARY_COLUMNS,
  type SummaryRow,
  TASK_COLUMNS,
  type TaskRow,
  toSummary,
} from "./task_row.ts";
import { withoutValues } from "./without_values.ts";

const LIST: List<SummaryRow, TaskSummary> = {
  name: "tasks",
  columns: SUMMARY_COLUMNS,
  table: "tasks t",
  indexes: {
    "status": "INDEXED BY tasks_by_status",
    "kind": "INDEXED BY tasks_by_kind",
    "status,kind": "INDEXED BY tasks_by_status_kind",
  },
  toItem: toSummary,
};

const JOIN = "CROSS JOIN tasks t ON t.seq = l.seq";

/** The same tasks, found by their label. */
const LABEL_LIST: List<SummaryRow, TaskSummary> = {
  ...LIST,
  table: "task_labels l",
  indexes: {
    "label": JOIN,
    "label,status": `INDEXED BY labels_by_status ${JOIN}`,
    "label,kind": `INDEXED BY labels_by_kind ${JOIN}`,
    "label,status,kind": `INDEXED BY labels_by_status_kind ${JOIN}`,
  },
};

export class TaskStore {
  readonly #db: Database;
  readonly #redactor: Redactor;

  constructor(db: Database, redactor: Redactor) {
    this.#db = db;
    this.#redactor = redactor;
  }

  /** Stores a queued task. Returns its row. */
  insert(
    { taskId, task, at, detached = false, idempotency, retryOf }: TaskInsert,
  ): TaskRow {
    const notBefore = task.not_before ? Date.parse(task.not_before) : null;
    return this.#db.insert<TaskRow>("tasks", {
      task_id: taskId,
      title: this.#redactor.text(task.title),
      kind: task.kind,
      status: "queued",
      priority: task.priority,
      not_before: notBefore,
      wake_at: notBefore !== null && notBefore > at ? notBefore : null,
      max_attempts: task.max_attempts,
      timeout_ms: task.timeout_ms ?? null,
      effective_timeout_ms: effectiveTimeout(task),
      retry_lost: task.retry_lost,
      survive: task.survive ?? false,
      detached,
      max_output_bytes: task.max_output_bytes,
      labels: JSON.stringify([...new Set(task.labels)]),
      created_at: at,
      updated_at: at,
      retry_of: retryOf ?? null,
      idempotency_key: idempotency?.key,
      request_hash: idempotency?.hash,
      payload: JSON.stringify(task.payload),
    }, TASK_COLUMNS);
  }

  get(taskId: string): TaskRow | undefined {
    return this.#db.get<TaskRow>(
      `SELECT ${TASK_COLUMNS} FROM tasks t WHERE t.task_id = ?`,
      taskId,
    );
  }

  /** A task as it is shown: what it runs with may hold secrets. */
  show(row: TaskRow): Task {
    const payload = withoutValues(JSON.parse(row.payload));
    return { ...toSummary(row), payload: this.#redactor.json(payload) };
  }

  /** The task that was made with an `Idempotency-Key`, and the hash it had. */
  findByKey(key: string): { taskId: string; hash: string } | undefined {
    return this.#db.get<{ taskId: string; hash: string }>(
      `SELECT task_id AS taskId, request_hash AS hash
       FROM tasks INDEXED BY tasks_by_idempotency_key
       WHERE idempotency_key = ?`,
      key,
    );
  }

  /** What of a schedule has not ended, newest first. */
  unfinishedOf(schedule: string): readonly UnfinishedTask[] {
    return this.#db.all<UnfinishedTask>(
      `SELECT task_id, status FROM tasks INDEXED BY tasks_unfinished_by_key
       WHERE status IN ('queued', 'running') AND idempotency_key IS NOT NULL
         AND idempotency_key >= ? AND idempotency_key < ?
       ORDER BY idempotency_key DESC`,
      ...dueKeyRange(schedule),
    );
  }

  /** Newest first. */
  list(
    { label, status, kind }: TaskFilter,
    page: PageRequest,
  ): Page<TaskSummary> {
    const list = label === undefined ? LIST : LABEL_LIST;
    return readPage(this.#db, list, {
      ...page,
      filter: { label, status, kind },
    });
  }

  /** The queued task that is to start next: by priority, then age. */
  nextReady(): TaskRow | undefined {
    return this.#db.get<TaskRow>(
      `SELECT ${TASK_COLUMNS} FROM tasks t INDEXED BY tasks_ready
       WHERE t.status = 'queued' AND t.wake_at IS NULL
       ORDER BY t.priority DESC, t.seq LIMIT 1`,
    );
  }

  /** Whether a queued task may start at `now`. */
  hasDue(now: number): boolean {
    return this.nextReady() !== undefined ||
      (this.nextWake() ?? Infinity) <= now;
  }

  /** Makes waiting tasks ready whose time has come. Returns how many. */
  wake(now: number, limit: number): number {
    return this.#db.run(
      `UPDATE tasks SET wake_at = NULL WHERE seq IN (
         SELECT seq FROM tasks INDEXED BY tasks_waiting
         WHERE status = 'queued' AND wake_at IS NOT NULL AND wake_at <= ?
         ORDER BY wake_at LIMIT ?)`,
      now,
      limit,
    );
  }

  /** Brings retries forward by as much as the clock was set back. */
  hasten(ms: number): void {
    this.#db.run(
      `UPDATE tasks SET wake_at = wake_at - ?
       WHERE status = 'queued' AND wake_at IS NOT NULL AND attempts > 0`,
      ms,
    );
  }

  /** Lets no retry wait longer than it was to when it was queued. */
  shortenWaits(now: number): void {
    this.#db.run(
      `UPDATE tasks SET wake_at = ?1 + wake_at - updated_at
       WHERE status = 'queued' AND wake_at IS NOT NULL AND attempts > 0
         AND updated_at > ?1`,
      now,
    );
  }

  /** When the next waiting task wants to be woken. */
  nextWake(): number | undefined {
    return this.#db.get<{ at: number | null }>(
      `SELECT min(wake_at) AS at FROM tasks INDEXED BY tasks_waiting
       WHERE status = 'queued' AND wake_at IS NOT NULL`,
    )?.at ?? undefined;
  }

  /** Moves a queued task to `running`, one attempt further. */
  start(seq: number, now: number): void {
    this.#db.run(
      `UPDATE tasks SET status = 'running', attempts = attempts + 1,
         wake_at = NULL, started_at = coalesce(started_at, ?2), updated_at = ?2,
         error_code = NULL, error_message = NULL
       WHERE seq = ?1`,
      seq,
      now,
    );
  }

  /** Ends a task; the values of its `env` and `stdin` are dropped with it. */
  finish(seq: number, end: TaskEnd): void {
    this.#db.run(
      `UPDATE tasks SET status = ?2, wake_at = NULL, finished_at = ?3,
         updated_at = ?3, error_code = ?4, error_message = ?5
       WHERE seq = ?1`,
      seq,
      end.status,
      end.now,
      end.error?.code,
      end.error && this.#redactor.text(end.error.message),
    );
  }

  /** Puts a running task back into the queue until `wakeAt`. */
  requeue(
    seq: number,
    again: {
      readonly wakeAt: number;
      readonly error: Failure;
      readonly lost: boolean;
      readonly now: number;
    },
  ): void {
    this.#db.run(
      `UPDATE tasks SET status = 'queued', wake_at = ?2, updated_at = ?3,
         error_code = ?4, error_message = ?5, lost_attempts = lost_attempts + ?6
       WHERE seq = ?1`,
      seq,
      again.wakeAt,
      again.now,
      again.error.code,
      this.#redactor.text(again.error.message),
      again.lost,
    );
  }

  /** The task that ended first: retention touches no other ones. */
  oldestFinished(): FinishedTask | undefined {
    return this.#db.get<FinishedTask>(
      `SELECT seq, finished_at, log_lines FROM tasks INDEXED BY tasks_by_end
       WHERE finished_at IS NOT NULL ORDER BY finished_at, seq LIMIT 1`,
    );
  }

  oldestFinishedWithLogs(): FinishedTask | undefined {
    return this.#db.get<FinishedTask>(
      `SELECT seq, finished_at, log_lines FROM tasks INDEXED BY tasks_with_logs
       WHERE finished_at IS NOT NULL AND log_lines > 0
       ORDER BY finished_at, seq LIMIT 1`,
    );
  }

  /** Deletes a task whose log is gone, with its runs and labels. */
  deleteFinished(seq: number): void {
    this.#db.run(
      `DELETE FROM tasks
       WHERE seq = ? AND finished_at IS NOT NULL AND log_lines = 0`,
      seq,
    );
  }

  /** Notes that somebody wants the task to end. */
  requestCancel(seq: number, now: number): void {
    this.#db.run(
      `UPDATE tasks SET updated_at = ?2,
         cancel_requested_at = coalesce(cancel_requested_at, ?2)
       WHERE seq = ?1`,
      seq,
      now,
    );
  }
}

export interface TaskInsert {
  readonly taskId: string;
  readonly task: NewTask;
  readonly at: number;
  /** Whether it starts at once, beside those that were queued. */
  readonly detached?: boolean;
  /**
   * The caller's `Idempotency-Key`, and a hash of what it came with; or the key
   * of a due time.
   */
  readonly idempotency?:
    | { readonly key: string; readonly hash?: string }
    | undefined;
  readonly retryOf?: string | undefined;
}

/** A task that stands in the way of the next one. */
type UnfinishedTask = Pick<TaskRow, "task_id" | "status">;

export interface TaskEnd {
  readonly status: TaskStatus;
  readonly error: Failure | null;
  readonly now: number;
}

/** A task that has ended, as retention looks at it. */
export type FinishedTask = {
  readonly seq: number;
  readonly finished_at: number;
  readonly log_lines: number;
};
