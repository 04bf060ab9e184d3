/**
 * What browsers reported: identities that may connect, profiles, their tabs,
 * and which credentials and endpoints they use. Never a credential's value.
 * Times are milliseconds since the epoch.
 */
export const BROWSER_SCHEMA = `
CREATE TABLE browser_identities (
  seq INTEGER PRIMARY KEY,
  identity TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE browser_clients (
  client_id TEXT PRIMARY KEY,
  extension_version TEXT NOT NULL,
  browser TEXT NOT NULL,
  platform TEXT NOT NULL,
  capabilities TEXT NOT NULL,
  first_seen_at INTEGER NOT NULL,
  seen_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE browser_tabs (
  client_id TEXT NOT NULL,
  tab_id INTEGER NOT NULL,
  platform TEXT,
  host TEXT NOT NULL,
  url TEXT NOT NULL,
  title TEXT NOT NULL,
  active INTEGER NOT NULL,
  load TEXT NOT NULL,
  seen_at INTEGER NOT NULL,
  PRIMARY KEY (client_id, tab_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE browser_credentials (
  client_id TEXT NOT NULL,
  host TEXT NOT NULL,
  header TEXT NOT NULL,
  name TEXT NOT NULL,
  platform TEXT,
  fingerprint TEXT NOT NULL,
  length INTEGER NOT NULL,
  captured_at INTEGER NOT NULL,
  seen_at INTEGER NOT NULL,
  logged_out INTEGER NOT NULL,
  PRIMARY KEY (client_id, host, header, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX browser_credentials_by_seen
  ON browser_credentials (client_id, seen_at);

CREATE TABLE browser_endpoints (
  client_id TEXT NOT NULL,
  host TEXT NOT NULL,
  method TEXT NOT NULL,
  path TEXT NOT NULL,
  platform TEXT,
  seen_at INTEGER NOT NULL,
  PRIMARY KEY (client_id, host, method, path)
) STRICT, WITHOUT ROWID;
CREATE INDEX browser_endpoints_by_seen
  ON browser_endpoints (client_id, seen_at);
`;

/**
 * Whose client id is whose, and the key that each paired identity proves to
 * have. An identity from before there were keys has none yet; a program's says
 * its client id itself.
 */
export const BROWSER_KEYS = `
ALTER TABLE browser_identities ADD COLUMN client_id TEXT;
ALTER TABLE browser_identities ADD COLUMN key TEXT;
UPDATE browser_identities SET client_id = substr(identity, 8)
  WHERE identity LIKE 'client:%';
CREATE UNIQUE INDEX browser_identities_by_client
  ON browser_identities (client_id);
`;

/**
 * Whose login is whose: containers have cookies of their own. What was reported
 * before does not say its container, which is empty then.
 */
export const BROWSER_CONTAINERS = `
CREATE TABLE browser_containers (
  client_id TEXT NOT NULL,
  cookie_store TEXT NOT NULL,
  name TEXT NOT NULL,
  PRIMARY KEY (client_id, cookie_store)
) STRICT, WITHOUT ROWID;

ALTER TABLE browser_tabs ADD COLUMN cookie_store TEXT NOT NULL DEFAULT '';

ALTER TABLE browser_credentials RENAME TO browser_credentials_before;
CREATE TABLE browser_credentials (
  client_id TEXT NOT NULL,
  host TEXT NOT NULL,
  cookie_store TEXT NOT NULL,
  header TEXT NOT NULL,
  name TEXT NOT NULL,
  platform TEXT,
  fingerprint TEXT NOT NULL,
  length INTEGER NOT NULL,
  captured_at INTEGER NOT NULL,
  seen_at INTEGER NOT NULL,
  logged_out INTEGER NOT NULL,
  PRIMARY KEY (client_id, host, cookie_store, header, name)
) STRICT, WITHOUT ROWID;
INSERT INTO browser_credentials
  SELECT client_id, host, '', header, name, platform, fingerprint, length,
    captured_at, seen_at, logged_out
  FROM browser_credentials_before;
DROP TABLE browser_credentials_before;
CREATE INDEX browser_credentials_by_seen
  ON browser_credentials (client_id, seen_at);
`;
