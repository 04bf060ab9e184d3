/**
 * The owner's sessions in browsers, each by a hash of its cookie that is keyed
 * with the shared token. Times are milliseconds since the epoch.
 */
export const OWNER_SESSIONS_SCHEMA = `
CREATE TABLE owner_sessions (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  hash TEXT NOT NULL UNIQUE,
  ends_at INTEGER NOT NULL
) STRICT;
`;
