/** What people and reviewers said about lines of threads; the anchor is what was there, by which the lines are found again. */
export const comments = `
CREATE TABLE comment (
  id TEXT PRIMARY KEY,
  thread_id TEXT NOT NULL REFERENCES thread (id),
  reply_to TEXT REFERENCES comment (id) ON DELETE CASCADE,
  path TEXT NOT NULL,
  side TEXT NOT NULL,
  commit_sha TEXT NOT NULL,
  start_line INTEGER NOT NULL,
  end_line INTEGER NOT NULL,
  anchor_json TEXT NOT NULL,
  author TEXT NOT NULL,
  text TEXT NOT NULL,
  state TEXT NOT NULL,
  severity TEXT,
  message_id TEXT,
  run_id TEXT,
  resolved_by TEXT,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX comment_of_thread ON comment (thread_id, created_at);
`;
