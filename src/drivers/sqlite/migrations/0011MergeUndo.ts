/** Landings that go back to where a target was, and merges that were taken back. */
export const mergeUndo = `
ALTER TABLE landing ADD COLUMN back INTEGER NOT NULL DEFAULT 0;

CREATE TABLE merge_undo (
  merge_id TEXT PRIMARY KEY REFERENCES merge (id),
  kind TEXT NOT NULL CHECK (kind IN ('restored', 'reverted')),
  commit_sha TEXT NOT NULL,
  at INTEGER NOT NULL
) STRICT;
`;
