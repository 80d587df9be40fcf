/** Digests of the secrets that a run was given. Most runs of a project are given the same, which are kept once. */
export const runSecrets = `
CREATE TABLE secret_set (
  id INTEGER PRIMARY KEY,
  digests_json TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE run_secret (
  run_id TEXT PRIMARY KEY REFERENCES run (id),
  set_id INTEGER NOT NULL REFERENCES secret_set (id)
) STRICT, WITHOUT ROWID;
`;
