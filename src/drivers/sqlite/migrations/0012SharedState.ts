/** What a run shares with the person: as it was before the run (while it is at work), and what was found changed. JSON. */
export const sharedState = `
CREATE TABLE shared_state (
  thread_id TEXT PRIMARY KEY REFERENCES thread (id),
  pinned_json TEXT,
  changes_json TEXT
) STRICT, WITHOUT ROWID;
`;
