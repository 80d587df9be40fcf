/**
 * What the host recorded of a thread's worktree (never read back from the worktree), what is wrong with it, and what
 * people should know of it. `trouble` and `notes` are JSON.
 */
export const worktrees = `
ALTER TABLE thread ADD COLUMN common_dir TEXT;
ALTER TABLE thread ADD COLUMN registered_as TEXT;
ALTER TABLE thread ADD COLUMN trouble TEXT;
ALTER TABLE thread ADD COLUMN notes TEXT;
`;
