/**
 * Schedules. What was due before `next_at` has been decided. Times are
 * milliseconds since the epoch.
 */
export const SCHEDULES_SCHEMA = `
CREATE TABLE schedules (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL UNIQUE,
  cron TEXT NOT NULL,
  timezone TEXT NOT NULL,
  misfire TEXT NOT NULL CHECK (misfire IN ('skip', 'run_once')),
  grace_ms INTEGER NOT NULL,
  overlap TEXT NOT NULL CHECK (overlap IN ('skip', 'queue')),
  -- NULL while it is not enabled.
  next_at INTEGER,
  last_task_id TEXT,
  last_due_at INTEGER,
  -- The newest outage.
  missed_from INTEGER,
  missed_to INTEGER,
  missed_count INTEGER NOT NULL DEFAULT 0,
  missed_total INTEGER NOT NULL DEFAULT 0,
  -- While the outage goes on: how much of it an event has told. Else NULL.
  missed_told INTEGER,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  -- Last, so that reading a list never reads its overflow pages.
  template TEXT NOT NULL,
  payload TEXT NOT NULL
) STRICT;
CREATE INDEX schedules_by_next ON schedules (next_at)
  WHERE next_at IS NOT NULL;
CREATE INDEX schedules_missing ON schedules (seq)
  WHERE missed_told IS NOT NULL;

-- What of a schedule has not ended; see due_key.ts.
CREATE INDEX tasks_unfinished_by_key ON tasks (idempotency_key)
  WHERE status IN ('queued', 'running') AND idempotency_key IS NOT NULL;
`;
