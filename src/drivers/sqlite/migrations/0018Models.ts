/** Runs that reach models through the host, and every call they made. `token_hash` is there while the run is. */
export const models = `
CREATE TABLE model_access (
  run_id TEXT PRIMARY KEY REFERENCES run (id),
  token_hash TEXT UNIQUE,
  upstream TEXT,
  models_json TEXT NOT NULL,
  over_budget TEXT
) STRICT, WITHOUT ROWID;

CREATE TABLE facade_port (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  port INTEGER NOT NULL
) STRICT;

CREATE TABLE model_call (
  id INTEGER PRIMARY KEY,
  run_id TEXT NOT NULL REFERENCES run (id),
  thread_id TEXT NOT NULL,
  project_id TEXT NOT NULL,
  agent TEXT NOT NULL,
  upstream TEXT NOT NULL,
  protocol TEXT NOT NULL,
  model TEXT NOT NULL,
  request_bytes INTEGER NOT NULL,
  started_at INTEGER NOT NULL,
  status INTEGER,
  first_byte_ms REAL,
  total_ms REAL,
  input_tokens INTEGER NOT NULL DEFAULT 0,
  output_tokens INTEGER NOT NULL DEFAULT 0,
  cache_read_tokens INTEGER NOT NULL DEFAULT 0,
  cache_write_tokens INTEGER NOT NULL DEFAULT 0,
  reasoning_tokens INTEGER NOT NULL DEFAULT 0,
  estimated INTEGER NOT NULL DEFAULT 0,
  cost_usd REAL
) STRICT;
CREATE INDEX model_call_run ON model_call (run_id);
CREATE INDEX model_call_thread ON model_call (thread_id);
CREATE INDEX model_call_started ON model_call (started_at);
CREATE INDEX model_call_open ON model_call (id) WHERE status IS NULL;
`;
