/** Queued runs that start before or after others, whenever they were queued. */
export const runPriorities = `
CREATE TABLE run_priority (
  run_id TEXT PRIMARY KEY REFERENCES run (id),
  priority INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
`;
