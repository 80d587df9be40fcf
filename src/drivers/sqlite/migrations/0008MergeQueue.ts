/** The merge queue, and what the verify commands of a merge came to. A merge leaves the queue when it has ended. */
export const mergeQueue = `
CREATE TABLE merge_queue (
  merge_id TEXT PRIMARY KEY REFERENCES merge (id),
  lane TEXT NOT NULL,
  priority INTEGER NOT NULL,
  place REAL NOT NULL,
  verify_json TEXT NOT NULL
) STRICT;

CREATE TABLE merge_check (
  merge_id TEXT NOT NULL REFERENCES merge (id),
  number INTEGER NOT NULL,
  attempt INTEGER NOT NULL,
  command TEXT NOT NULL,
  candidate TEXT NOT NULL,
  exit_code INTEGER,
  signal TEXT,
  output TEXT NOT NULL,
  truncated INTEGER NOT NULL,
  started_at INTEGER NOT NULL,
  ended_at INTEGER,
  PRIMARY KEY (merge_id, number)
) STRICT, WITHOUT ROWID;
`;
