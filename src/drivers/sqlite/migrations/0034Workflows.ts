/** Runs of workflows: what they were begun with stays found when the workflow is resumed. Fires are counted by the time they were due. */
export const workflows = `
ALTER TABLE script_run ADD COLUMN origin TEXT;
ALTER TABLE script_run ADD COLUMN parent_id TEXT;

CREATE TABLE workflow_call (
  origin TEXT NOT NULL,
  key TEXT NOT NULL,
  attempt INTEGER NOT NULL,
  input_hash TEXT NOT NULL,
  run_id TEXT NOT NULL,
  PRIMARY KEY (origin, key, attempt)
) STRICT, WITHOUT ROWID;

CREATE INDEX schedule_fire_due ON schedule_fire (project_id, due_at);
`;
