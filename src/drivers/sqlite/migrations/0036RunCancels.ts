/** Runs that a person wants ended, until they have. */
export const runCancels = `
CREATE TABLE run_cancel (
  run_id TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;
`;
