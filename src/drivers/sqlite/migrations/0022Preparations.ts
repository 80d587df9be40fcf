/** What became of getting each thread's worktree ready, and the ports that are its own. */
export const preparations = `
CREATE TABLE preparation (
  thread_id TEXT PRIMARY KEY REFERENCES thread (id),
  state TEXT NOT NULL,
  port INTEGER NOT NULL,
  command TEXT,
  exit_code INTEGER,
  output TEXT NOT NULL,
  at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
`;
