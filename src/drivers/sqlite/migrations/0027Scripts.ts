/** What scripts of schedulers did, and what they remember between two runs. */
export const scripts = `
CREATE TABLE script_run (
  id TEXT PRIMARY KEY,
  project_id TEXT NOT NULL REFERENCES project (id),
  agent TEXT NOT NULL,
  trigger_name TEXT,
  key TEXT UNIQUE,
  source_hash TEXT NOT NULL,
  status TEXT NOT NULL,
  started_at INTEGER NOT NULL,
  ended_at INTEGER,
  payload TEXT,
  result TEXT,
  error TEXT,
  event_id TEXT
) STRICT;
CREATE INDEX script_run_of_agent ON script_run (project_id, agent, started_at DESC);
CREATE INDEX script_run_running ON script_run (started_at) WHERE status = 'running';

CREATE TABLE script_call (
  run_id TEXT NOT NULL REFERENCES script_run (id),
  number INTEGER NOT NULL,
  name TEXT NOT NULL,
  at INTEGER NOT NULL,
  duration_ms INTEGER NOT NULL,
  given TEXT NOT NULL,
  got TEXT,
  error TEXT,
  thread_id TEXT,
  agent_run_id TEXT,
  PRIMARY KEY (run_id, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE script_state (
  project_id TEXT NOT NULL REFERENCES project (id),
  agent TEXT NOT NULL,
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (project_id, agent, key)
) STRICT, WITHOUT ROWID;

ALTER TABLE schedule_fire ADD COLUMN script_run_id TEXT;
`;
