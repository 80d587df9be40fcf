/** Which threads belong together, and what queued runs wait for. */
export const batches = `
CREATE TABLE thread_batch (
  thread_id TEXT PRIMARY KEY REFERENCES thread (id),
  batch TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX thread_batch_name ON thread_batch (batch);

CREATE TABLE run_dependency (
  run_id TEXT NOT NULL REFERENCES run (id),
  thread_id TEXT NOT NULL REFERENCES thread (id),
  PRIMARY KEY (run_id, thread_id)
) STRICT, WITHOUT ROWID;
`;
