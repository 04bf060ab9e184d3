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

/** How many wait and how many failed, so that no event has them counted; and the oldest at once. */
export const NOTIFICATION_COUNTS = `
INSERT INTO counters (name, value) VALUES
  ('notifications.waiting',
    (SELECT count(*) FROM notifications WHERE failed_at IS NULL)),
  ('notifications.failed',
    (SELECT count(*) FROM notifications WHERE failed_at IS NOT NULL));
CREATE TRIGGER notifications_inserted AFTER INSERT ON notifications BEGIN
  UPDATE counters SET value = value + 1 WHERE name = 'notifications.waiting';
END;
CREATE TRIGGER notifications_given_up AFTER UPDATE OF failed_at ON notifications
  WHEN OLD.failed_at IS NULL AND NEW.failed_at IS NOT NULL BEGIN
  UPDATE counters SET value = value - 1 WHERE name = 'notifications.waiting';
  UPDATE counters SET value = value + 1 WHERE name = 'notifications.failed';
END;
CREATE TRIGGER notifications_deleted AFTER DELETE ON notifications BEGIN
  UPDATE counters SET value = value - 1 WHERE name =
    iif(OLD.failed_at IS NULL, 'notifications.waiting', 'notifications.failed');
END;
CREATE INDEX notifications_waiting ON notifications (seq)
  WHERE failed_at IS NULL;
`;
