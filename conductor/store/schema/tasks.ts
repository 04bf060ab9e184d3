/**
 * Tasks, their labels, runs and logs. Every list is walked by `seq`, and every
 * combination of its filters has an index that ends in `seq`, so that a page
 * costs the same whatever the table holds.
 */
export const TASKS_SCHEMA = `
CREATE TABLE tasks (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  task_id TEXT NOT NULL UNIQUE,
  title TEXT NOT NULL,
  kind TEXT NOT NULL,
  status TEXT NOT NULL
    CHECK (status IN ('queued', 'running', 'succeeded', 'failed', 'canceled')),
  priority INTEGER NOT NULL,
  not_before INTEGER,
  -- A queued task with a time here waits for it; without one it may start.
  wake_at INTEGER,
  max_attempts INTEGER NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0,
  -- Attempts that were lost; they do not count against max_attempts.
  lost_attempts INTEGER NOT NULL DEFAULT 0,
  timeout_ms INTEGER,
  retry_lost INTEGER NOT NULL,
  labels TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  started_at INTEGER,
  finished_at INTEGER,
  cancel_requested_at INTEGER,
  error_code TEXT,
  error_message TEXT,
  -- The sequence number of the task's last log line.
  log_seq INTEGER NOT NULL DEFAULT 0,
  -- How many of its lines are kept.
  log_lines INTEGER NOT NULL DEFAULT 0,
  idempotency_key TEXT,
  request_hash TEXT,
  -- Last, so that reading a list never reads its overflow pages.
  payload TEXT NOT NULL
) STRICT;
CREATE INDEX tasks_by_status ON tasks (status, seq);
CREATE INDEX tasks_by_kind ON tasks (kind, seq);
CREATE INDEX tasks_by_status_kind ON tasks (status, kind, seq);
CREATE INDEX tasks_ready ON tasks (priority DESC, seq)
  WHERE status = 'queued' AND wake_at IS NULL;
CREATE INDEX tasks_waiting ON tasks (wake_at)
  WHERE status = 'queued' AND wake_at IS NOT NULL;
CREATE INDEX tasks_by_end ON tasks (finished_at, seq)
  WHERE finished_at IS NOT NULL;
CREATE INDEX tasks_with_logs ON tasks (finished_at, seq)
  WHERE finished_at IS NOT NULL AND log_lines > 0;
CREATE UNIQUE INDEX tasks_by_idempotency_key ON tasks (idempotency_key)
  WHERE idempotency_key IS NOT NULL;

CREATE TABLE task_labels (
  label TEXT NOT NULL,
  seq INTEGER NOT NULL,
  status TEXT NOT NULL,
  kind TEXT NOT NULL,
  PRIMARY KEY (label, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX labels_by_status ON task_labels (label, status, seq);
CREATE INDEX labels_by_kind ON task_labels (label, kind, seq);
CREATE INDEX labels_by_status_kind ON task_labels (label, status, kind, seq);

CREATE TABLE runs (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  run_id TEXT NOT NULL UNIQUE,
  task_seq INTEGER NOT NULL,
  task_id TEXT NOT NULL,
  attempt INTEGER NOT NULL,
  controller_id TEXT NOT NULL,
  instance_id TEXT NOT NULL,
  term INTEGER NOT NULL,
  status TEXT NOT NULL
    CHECK (status IN ('running', 'succeeded', 'failed', 'canceled', 'lost')),
  started_at INTEGER NOT NULL,
  finished_at INTEGER,
  outcome_code TEXT,
  outcome_message TEXT,
  outcome_result TEXT
) STRICT;
CREATE INDEX runs_by_task ON runs (task_id, seq);
CREATE INDEX runs_by_status ON runs (status, seq);

CREATE TABLE task_logs (
  task_seq INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  run_seq INTEGER NOT NULL,
  stream TEXT NOT NULL,
  level TEXT NOT NULL,
  message TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (task_seq, seq)
) STRICT, WITHOUT ROWID;

-- How many there are, so that nobody has to count.
CREATE TABLE counters (
  name TEXT PRIMARY KEY,
  value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO counters (name, value) VALUES
  ('tasks.queued', 0), ('tasks.running', 0), ('tasks.succeeded', 0),
  ('tasks.failed', 0), ('tasks.canceled', 0), ('task_logs', 0);

CREATE TRIGGER tasks_inserted AFTER INSERT ON tasks BEGIN
  UPDATE counters SET value = value + 1 WHERE name = 'tasks.' || NEW.status;
  INSERT INTO task_labels (label, seq, status, kind)
    SELECT value, NEW.seq, NEW.status, NEW.kind FROM json_each(NEW.labels);
END;
CREATE TRIGGER tasks_moved AFTER UPDATE OF status ON tasks
  WHEN OLD.status <> NEW.status BEGIN
  UPDATE counters SET value = value - 1 WHERE name = 'tasks.' || OLD.status;
  UPDATE counters SET value = value + 1 WHERE name = 'tasks.' || NEW.status;
  UPDATE task_labels SET status = NEW.status
    WHERE seq = NEW.seq
    AND label IN (SELECT value FROM json_each(NEW.labels));
END;
CREATE TRIGGER tasks_deleted AFTER DELETE ON tasks BEGIN
  UPDATE counters SET value = value - 1 WHERE name = 'tasks.' || OLD.status;
  DELETE FROM task_labels
    WHERE seq = OLD.seq
    AND label IN (SELECT value FROM json_each(OLD.labels));
  DELETE FROM runs WHERE task_id = OLD.task_id;
END;
`;
