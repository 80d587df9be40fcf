/** Where runs execute that do not execute on this machine itself. */
export const sandboxes = `
CREATE TABLE sandbox (
  id TEXT PRIMARY KEY,
  thread_id TEXT NOT NULL REFERENCES thread (id),
  agent TEXT NOT NULL,
  driver_json TEXT NOT NULL,
  image TEXT NOT NULL,
  state TEXT NOT NULL,
  problem TEXT,
  created_at INTEGER NOT NULL,
  used_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sandbox_of_thread ON sandbox (thread_id);

CREATE TABLE run_sandbox (
  run_id TEXT PRIMARY KEY REFERENCES run (id),
  sandbox_id TEXT NOT NULL REFERENCES sandbox (id)
) STRICT, WITHOUT ROWID;
`;
