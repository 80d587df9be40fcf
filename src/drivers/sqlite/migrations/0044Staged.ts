/** Hunks that a person has staged: what they will commit of a thread's changes. */
export const staged = `
CREATE TABLE staged_hunk (
  thread_id TEXT NOT NULL REFERENCES thread (id),
  hunk TEXT NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (thread_id, hunk)
) STRICT, WITHOUT ROWID;
`;
