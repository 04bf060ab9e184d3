import { AUDIT_SCHEMA } from "./schema/audit.ts";
import { AUTOMATION_SCHEMA } from "./schema/automation.ts";
import {
  BROWSER_CONTAINERS,
  BROWSER_KEYS,
  BROWSER_SCHEMA,
} from "./schema/browser.ts";
import {
  NOTIFICATION_COUNTS,
  NOTIFICATIONS_SCHEMA,
} from "./schema/notifications.ts";
import { OWNER_SESSIONS_SCHEMA } from "./schema/owner_sessions.ts";
import { SCHEDULES_SCHEMA } from "./schema/schedules.ts";
import { SPENT_PAYLOADS } from "./schema/spent_payloads.ts";
import { TASKS_SCHEMA } from "./schema/tasks.ts";
import { TOKENS_MAKER, TOKENS_SCHEMA } from "./schema/tokens.ts";

/** The picture of the last day reads no other row. */
const RUN_HISTORY = `
CREATE INDEX runs_by_start ON runs (started_at, status);
`;

/** Rows that were there before have none. */
const AUDIT_ACTOR = `
ALTER TABLE audit ADD COLUMN actor TEXT;
CREATE INDEX audit_by_actor ON audit (actor, seq);
CREATE INDEX audit_by_actor_action ON audit (actor, action, seq);
CREATE INDEX audit_by_request_actor ON audit (request_id, actor, seq);
CREATE INDEX audit_by_request_actor_action
  ON audit (request_id, actor, action, seq);
`;

/** A task that was there before has the limit that it was given. */
const TASK_TIMEOUTS = `
ALTER TABLE tasks ADD COLUMN effective_timeout_ms INTEGER;
UPDATE tasks SET effective_timeout_ms = timeout_ms
  WHERE timeout_ms IS NOT NULL;
`;

/** How much of each output of a run stands in the log: bytes, whole lines. */
const SURVIVING_RUNS = `
ALTER TABLE tasks ADD COLUMN survive INTEGER NOT NULL DEFAULT 0;
ALTER TABLE tasks ADD COLUMN detached INTEGER NOT NULL DEFAULT 0;
ALTER TABLE tasks ADD COLUMN max_output_bytes INTEGER;
ALTER TABLE runs ADD COLUMN stdout_logged INTEGER NOT NULL DEFAULT 0;
ALTER TABLE runs ADD COLUMN stderr_logged INTEGER NOT NULL DEFAULT 0;
`;

/** The task whose work a task does again. */
const TASK_RETRIES = `
ALTER TABLE tasks ADD COLUMN retry_of TEXT;
`;

/** One filter finds few rows, whatever the others say; a request has only some. */
const AUDIT_FILTERS = `
DROP INDEX audit_by_request_action;
DROP INDEX audit_by_request_actor;
DROP INDEX audit_by_request_actor_action;
CREATE INDEX audit_by_task ON audit (task_id, seq) WHERE task_id IS NOT NULL;
CREATE INDEX audit_by_source ON audit (source, seq);
CREATE INDEX audit_by_time ON audit (at);
`;

/**
 * A table WITHOUT ROWID gives each line over 1000 bytes a page of its own. Emptied
 * first, since dropping keeps in memory what could be rolled back.
 */
const LONG_LOG_LINES = `
ALTER TABLE task_logs RENAME TO task_logs_before;
CREATE TABLE task_logs (
  task_seq INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  run_seq INTEGER NOT NULL,
  stream TEXT NOT NULL,
  level TEXT NOT NULL,
  message TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (task_seq, seq)
) STRICT;
INSERT INTO task_logs SELECT * FROM task_logs_before;
DELETE FROM task_logs_before;
DROP TABLE task_logs_before;
`;

/** What Codex asks is told once, however often it is seen to wait. */
const ASKED_APPROVALS = `
CREATE INDEX events_asked ON events (json_extract(data, '$.approval_id'))
  WHERE type = 'codex.approval_requested';
`;

/**
 * The steps from an empty file to today's schema; the version of a database is
 * how many of them it has had. Append only: a step that was released never
 * changes.
 */
export const MIGRATIONS: readonly Migration[] = [
  { name: "automation, controllers, lease, events", sql: AUTOMATION_SCHEMA },
  { name: "tasks, runs, logs", sql: TASKS_SCHEMA },
  { name: "audit", sql: AUDIT_SCHEMA },
  { name: "runs by their start", sql: RUN_HISTORY },
  { name: "browser records", sql: BROWSER_SCHEMA },
  { name: "actors of the audit", sql: AUDIT_ACTOR },
  { name: "named tokens", sql: TOKENS_SCHEMA },
  { name: "keys of browsers", sql: BROWSER_KEYS },
  { name: "payloads of ended tasks", sql: SPENT_PAYLOADS },
  { name: "makers of tokens", sql: TOKENS_MAKER },
  { name: "time limits of tasks", sql: TASK_TIMEOUTS },
  { name: "schedules", sql: SCHEDULES_SCHEMA },
  { name: "surviving runs", sql: SURVIVING_RUNS },
  { name: "tasks that were retried", sql: TASK_RETRIES },
  { name: "filters of the audit", sql: AUDIT_FILTERS },
  { name: "containers of browsers", sql: BROWSER_CONTAINERS },
  { name: "long lines of logs", sql: LONG_LOG_LINES },
  { name: "notifications", sql: NOTIFICATIONS_SCHEMA },
  { name: "approvals that were told", sql: ASKED_APPROVALS },
  { name: "sessions of the owner", sql: OWNER_SESSIONS_SCHEMA },
  { name: "counts of notifications", sql: NOTIFICATION_COUNTS },
];

/** One step of the schema. */
export interface Migration {
  readonly name: string;
  readonly sql: string;
}
