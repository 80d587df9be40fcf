/** Worktrees that stand ready for threads to come. */
export const spareWorktrees = `
CREATE TABLE spare_worktree (
  id TEXT PRIMARY KEY,
  state TEXT NOT NULL CHECK (state IN ('making', 'ready', 'claimed', 'touched')),
  repository TEXT NOT NULL,
  common_dir TEXT NOT NULL,
  path TEXT NOT NULL,
  registered_as TEXT NOT NULL,
  base TEXT,
  commit_sha TEXT NOT NULL,
  settings TEXT NOT NULL,
  note TEXT,
  made_at INTEGER NOT NULL
) STRICT;
`;
