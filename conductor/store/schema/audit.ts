/**
 * The audit trail: rows are only ever added, each with a hash over itself and
 * the row before. Retention moves the checkpoint forward and may then delete
 * what lies before it; nothing else can be deleted, and nothing changed.
 */
export const AUDIT_SCHEMA = `
CREATE TABLE audit (
  seq INTEGER PRIMARY KEY,
  entry_id TEXT NOT NULL,
  phase TEXT NOT NULL CHECK (phase IN ('intent', 'outcome')),
  at INTEGER NOT NULL,
  action TEXT NOT NULL,
  controller_id TEXT NOT NULL,
  instance_id TEXT NOT NULL,
  source TEXT NOT NULL,
  request_id TEXT,
  remote_address TEXT,
  task_id TEXT,
  run_id TEXT,
  target TEXT,
  ok INTEGER,
  code TEXT,
  facts TEXT,
  hash TEXT NOT NULL
) STRICT;
CREATE INDEX audit_by_action ON audit (action, seq);
CREATE INDEX audit_by_request ON audit (request_id, seq);
CREATE INDEX audit_by_request_action ON audit (request_id, action, seq);

-- The newest row's place and hash: rows cut off at the end are noticed too.
CREATE TABLE audit_head (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  seq INTEGER NOT NULL,
  hash TEXT NOT NULL
) STRICT;
INSERT INTO audit_head (id, seq, hash) VALUES (1, 0, '');

-- The place and hash of the last row that retention removed.
CREATE TABLE audit_checkpoint (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  seq INTEGER NOT NULL,
  hash TEXT NOT NULL
) STRICT;
INSERT INTO audit_checkpoint (id, seq, hash) VALUES (1, 0, '');

CREATE TRIGGER audit_unchanging BEFORE UPDATE ON audit BEGIN
  SELECT RAISE(ABORT, 'the audit trail is append-only');
END;
CREATE TRIGGER audit_undeletable BEFORE DELETE ON audit
  WHEN OLD.seq > (SELECT seq FROM audit_checkpoint) BEGIN
  SELECT RAISE(ABORT, 'the audit trail is append-only');
END;
`;
