import { isoTime } from "../../shared/clock.ts";
import { readDueKey } from "./due_key.ts";
import {
  DEFAULT_OUTPUT_BYTES,
  type TaskStatus,
  type TaskSummary,
} from "./model/task.ts";

/** All but the payload. */
const COLUMNS = `seq, task_id, title, kind, status,
  priority, not_before, wake_at, max_attempts, attempts,
  lost_attempts, timeout_ms, effective_timeout_ms, retry_lost, survive, detached,
  max_output_bytes, retry_of, labels, created_at,
  updated_at, started_at, finished_at, cancel_requested_at,
  error_code, error_message, log_seq, idempotency_key`;

/** The columns of a task that lists read, which may join tables. */
export const SUMMARY_COLUMNS = COLUMNS.replaceAll(/\w+/g, "t.$&");

export const TASK_COLUMNS = `${COLUMNS}, payload`;

export type SummaryRow = {
  readonly seq: number;
  readonly task_id: string;
  readonly title: string;
  readonly kind: string;
  readonly status: TaskStatus;
  readonly priority: number;
  readonly not_before: number | null;
  readonly wake_at: number | null;
  readonly max_attempts: number;
  readonly attempts: number;
  readonly lost_attempts: number;
  readonly timeout_ms: number | null;
  readonly effective_timeout_ms: number | null;
  readonly retry_lost: number;
  readonly survive: number;
  /** Whether it takes no place of a task that was queued. */
  readonly detached: number;
  readonly max_output_bytes: number | null;
  readonly retry_of: string | null;
  readonly labels: string;
  readonly created_at: number;
  readonly updated_at: number;
  readonly started_at: number | null;
  readonly finished_at: number | null;
  readonly cancel_requested_at: number | null;
  readonly error_code: string | null;
  readonly error_message: string | null;
  readonly log_seq: number;
  readonly idempotency_key: string | null;
};

export type TaskRow = SummaryRow & { readonly payload: string };

export function toSummary(row: SummaryRow): TaskSummary {
  return {
    task_id: row.task_id,
    title: row.title,
    kind: row.kind,
    status: row.status,
    priority: row.priority,
    labels: JSON.parse(row.labels),
    not_before: isoOrNull(row.not_before),
    next_attempt_at: isoOrNull(row.wake_at),
    max_attempts: row.max_attempts,
    attempts: row.attempts,
    timeout_ms: row.timeout_ms,
    effective_timeout_ms: row.effective_timeout_ms,
    retry_lost: row.retry_lost === 1,
    survive: row.survive === 1,
    max_output_bytes: row.max_output_bytes,
    effective_max_output_bytes: row.kind === "exec"
      ? row.max_output_bytes ?? DEFAULT_OUTPUT_BYTES
      : null,
    retry_of: row.retry_of,
    ...readDueKey(row.idempotency_key),
    created_at: isoTime(row.created_at),
    updated_at: isoTime(row.updated_at),
    started_at: isoOrNull(row.started_at),
    finished_at: isoOrNull(row.finished_at),
    cancel_requested_at: isoOrNull(row.cancel_requested_at),
    error: row.error_code === null
      ? null
      : { code: row.error_code, message: row.error_message ?? "" },
  };
}

/** Returns the time on the wire, or null for none. */
export function isoOrNull(ms: number | null): string | null {
  return ms === null ? null : isoTime(ms);
}
