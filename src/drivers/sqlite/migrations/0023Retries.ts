/** When queued runs may start at the earliest, and which providers are left alone for a while. */
export const retries = `
CREATE TABLE run_delay (
  run_id TEXT PRIMARY KEY REFERENCES run (id),
  due_at INTEGER NOT NULL,
  reason TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX run_delay_due ON run_delay (due_at);

CREATE TABLE breaker (
  provider TEXT PRIMARY KEY,
  failures INTEGER NOT NULL,
  opened_at INTEGER
) STRICT, WITHOUT ROWID;
`;
