/** Triggers between two hosts, and every moment at which one was due. A due trigger is found by its partial index. */
export const schedules = `
CREATE TABLE schedule_trigger (
  project_id TEXT NOT NULL REFERENCES project (id),
  agent TEXT NOT NULL,
  name TEXT NOT NULL,
  source TEXT NOT NULL,
  enabled INTEGER NOT NULL,
  next_fire_at INTEGER,
  last_fired_at INTEGER,
  fired INTEGER NOT NULL,
  PRIMARY KEY (project_id, agent, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX schedule_trigger_due ON schedule_trigger (next_fire_at) WHERE next_fire_at IS NOT NULL;

CREATE TABLE schedule_fire (
  sequence INTEGER PRIMARY KEY,
  project_id TEXT NOT NULL REFERENCES project (id),
  agent TEXT NOT NULL,
  name TEXT NOT NULL,
  due_at INTEGER NOT NULL,
  at INTEGER NOT NULL,
  missed INTEGER NOT NULL,
  by TEXT NOT NULL,
  outcome TEXT NOT NULL,
  reason TEXT,
  thread_id TEXT,
  run_id TEXT
) STRICT;
CREATE INDEX schedule_fire_of_trigger ON schedule_fire (project_id, agent, name, sequence DESC);
CREATE INDEX schedule_fire_started ON schedule_fire (project_id, agent, sequence DESC) WHERE outcome = 'started';
`;
