/**
 * What the owner is still to be told of, and what could not be told. What was
 * delivered is gone. Times are milliseconds since the epoch.
 */
export const NOTIFICATIONS_SCHEMA = `
CREATE TABLE notifications (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  notification_id TEXT NOT NULL,
  event TEXT NOT NULL,
  subject TEXT NOT NULL,
  at INTEGER NOT NULL,
  -- Only when they were asked for: JSON.
  details TEXT,
  attempts INTEGER NOT NULL DEFAULT 0,
  -- NULL while an earlier one of its subject waits, and when it was given up.
  next_at INTEGER,
  failed_at INTEGER,
  error TEXT
) STRICT;
CREATE INDEX notifications_by_subject ON notifications (subject, seq)
  WHERE failed_at IS NULL;
CREATE INDEX notifications_by_next ON notifications (next_at, seq)
  WHERE next_at IS NOT NULL;
CREATE INDEX notifications_failed ON notifications (seq)
  WHERE failed_at IS NOT NULL;
`;
