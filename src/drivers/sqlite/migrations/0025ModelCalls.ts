/** Which way a run reached its models; calls that a person made themselves, without a run. */
export const modelCalls = `
ALTER TABLE run ADD COLUMN models_via TEXT;

CREATE TABLE model_call_new (
  id INTEGER PRIMARY KEY,
  run_id TEXT REFERENCES run (id),
  thread_id TEXT,
  project_id TEXT,
  agent TEXT,
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
INSERT INTO model_call_new SELECT * FROM model_call;
DROP TABLE model_call;
ALTER TABLE model_call_new RENAME TO model_call;
CREATE INDEX model_call_run ON model_call (run_id);
CREATE INDEX model_call_thread ON model_call (thread_id);
CREATE INDEX model_call_started ON model_call (started_at);
CREATE INDEX model_call_open ON model_call (id) WHERE status IS NULL;
`;
