/** Named tokens, each by the hash of its secret. Times are milliseconds since the epoch. */
export const TOKENS_SCHEMA = `
CREATE TABLE tokens (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  token_id TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL UNIQUE COLLATE NOCASE,
  hash TEXT NOT NULL UNIQUE,
  scopes TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  created_by TEXT NOT NULL,
  expires_at INTEGER
) STRICT;
`;

/** The token that a token was made with; the owner's have none. */
export const TOKENS_MAKER = `
ALTER TABLE tokens ADD COLUMN made_by TEXT;
CREATE INDEX tokens_by_maker ON tokens (made_by);
UPDATE tokens SET made_by = (
  SELECT maker.token_id FROM tokens maker WHERE maker.name = tokens.created_by
);
`;
