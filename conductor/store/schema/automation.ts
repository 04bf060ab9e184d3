/**
 * The mode, the lease, the controllers and the events. Times are milliseconds
 * since the epoch.
 */
export const AUTOMATION_SCHEMA = `
CREATE TABLE automation (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  mode TEXT NOT NULL CHECK (mode IN ('running', 'paused', 'draining')),
  updated_at INTEGER NOT NULL,
  requested_by TEXT,
  reason TEXT,
  source TEXT
) STRICT;
INSERT INTO automation (id, mode, updated_at)
VALUES (1, 'running', CAST(unixepoch('subsec') * 1000 AS INTEGER));

-- One row: who leads. The term only ever grows; instance_id is NULL when the
-- lease was given back.
CREATE TABLE lease (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  term INTEGER NOT NULL,
  instance_id TEXT,
  controller_id TEXT,
  host TEXT,
  expires_at INTEGER NOT NULL
) STRICT;
INSERT INTO lease (id, term, expires_at) VALUES (1, 0, 0);

CREATE TABLE controllers (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  instance_id TEXT NOT NULL UNIQUE,
  controller_id TEXT NOT NULL,
  host TEXT NOT NULL,
  version TEXT NOT NULL,
  started_at INTEGER NOT NULL,
  last_heartbeat_at INTEGER NOT NULL
) STRICT;
CREATE INDEX controllers_by_heartbeat ON controllers (last_heartbeat_at);

CREATE TABLE events (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  type TEXT NOT NULL,
  at INTEGER NOT NULL,
  data TEXT NOT NULL
) STRICT;

-- Rewritten to find out whether the disk takes writes again.
CREATE TABLE storage_probe (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  filler BLOB NOT NULL
) STRICT;
`;
