/** Hunks that a person has looked at; a hunk that changes has another key. */
export const reviewed = `
CREATE TABLE reviewed_hunk (
  thread_id TEXT NOT NULL REFERENCES thread (id),
  hunk TEXT NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (thread_id, hunk)
) STRICT, WITHOUT ROWID;
`;
