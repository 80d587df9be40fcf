/** What merging a thread's head into its target would come to, as both were when it was looked at. */
export const conflicts = `
CREATE TABLE conflict_prediction (
  thread_id TEXT PRIMARY KEY REFERENCES thread (id),
  head TEXT NOT NULL,
  target TEXT NOT NULL,
  target_commit TEXT NOT NULL,
  files_json TEXT NOT NULL
) STRICT, WITHOUT ROWID;
`;
