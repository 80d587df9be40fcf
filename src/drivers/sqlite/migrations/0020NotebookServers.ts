/** The last guest server of each thread that had one. */
export const notebookServers = `
CREATE TABLE notebook_server (
  thread_id TEXT PRIMARY KEY REFERENCES thread (id),
  id TEXT NOT NULL,
  state TEXT NOT NULL,
  started_at INTEGER NOT NULL,
  ready_at INTEGER,
  ended_at INTEGER,
  reason TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX notebook_server_alive ON notebook_server (thread_id) WHERE state IN ('starting', 'ready');
`;
