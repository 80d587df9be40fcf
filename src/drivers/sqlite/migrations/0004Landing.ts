/** How far a merge came in moving its target. Kept when it is done, so that it can be told and taken back. */
export const landing = `
CREATE TABLE landing (
  merge_id TEXT PRIMARY KEY,
  step TEXT NOT NULL,
  common_dir TEXT NOT NULL,
  target TEXT NOT NULL,
  from_commit TEXT NOT NULL,
  to_commit TEXT NOT NULL,
  checkout TEXT,
  pid INTEGER,
  start_time TEXT,
  at INTEGER NOT NULL
) STRICT;
CREATE INDEX landing_unfinished ON landing (at) WHERE step <> 'done';
`;
