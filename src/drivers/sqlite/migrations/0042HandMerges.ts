/** Merges that a person has begun in a thread's worktree and not ended. */
export const handMerges = `
CREATE TABLE hand_merge (
  thread_id TEXT PRIMARY KEY REFERENCES thread (id),
  target TEXT NOT NULL,
  begun_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
`;
