/**
 * What was kept of removed worktrees, and what is being done to a worktree right now (at most one thing per thread).
 * `work_json` holds commits by what they keep, `contents_json` what is in the archive, `leftover_json` absolute paths.
 */
export const rescues = `
CREATE TABLE rescue (
  id TEXT PRIMARY KEY,
  thread_id TEXT NOT NULL REFERENCES thread (id),
  repository TEXT NOT NULL,
  ref TEXT NOT NULL,
  commit_sha TEXT NOT NULL,
  branch TEXT NOT NULL,
  path TEXT NOT NULL,
  head TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  archived INTEGER NOT NULL,
  work_json TEXT NOT NULL,
  contents_json TEXT NOT NULL,
  leftover_json TEXT NOT NULL,
  UNIQUE (repository, ref)
) STRICT;
CREATE INDEX rescue_of_thread ON rescue (thread_id, created_at);
CREATE INDEX rescue_by_age ON rescue (created_at);

CREATE TABLE worktree_operation (
  thread_id TEXT PRIMARY KEY REFERENCES thread (id),
  kind TEXT NOT NULL CHECK (kind IN ('create', 'keep', 'clear', 'restore')),
  worktree_json TEXT NOT NULL,
  started_at INTEGER NOT NULL,
  rescue_id TEXT,
  ref TEXT,
  ignored TEXT,
  outcome TEXT,
  had_branch INTEGER
) STRICT, WITHOUT ROWID;
`;
