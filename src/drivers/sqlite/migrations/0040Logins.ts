/** Who may log in with a password, and the browsers that somebody logged in with: digests, never what was typed. */
export const logins = `
CREATE TABLE login (
  user TEXT PRIMARY KEY,
  scope TEXT NOT NULL,
  digest TEXT NOT NULL,
  changed_at INTEGER NOT NULL
) STRICT;
CREATE TABLE login_session (
  id TEXT PRIMARY KEY,
  user TEXT NOT NULL,
  scope TEXT NOT NULL,
  digest TEXT NOT NULL UNIQUE,
  shown TEXT NOT NULL,
  token_id TEXT,
  mark TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  revoked_at INTEGER,
  used_at INTEGER
) STRICT;
`;
