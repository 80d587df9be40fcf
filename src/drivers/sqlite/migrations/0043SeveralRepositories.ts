/** What threads have of other repositories, and the merges that land together with theirs or not at all. */
export const severalRepositories = `
CREATE TABLE thread_part (
  thread_id TEXT PRIMARY KEY REFERENCES thread (id),
  whole_id TEXT NOT NULL REFERENCES thread (id),
  position INTEGER NOT NULL,
  name TEXT NOT NULL,
  path TEXT NOT NULL,
  target TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX thread_part_of_whole ON thread_part (whole_id, position);

CREATE TABLE merge_set (
  id TEXT PRIMARY KEY REFERENCES merge (id),
  step TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE merge_set_member (
  merge_id TEXT PRIMARY KEY REFERENCES merge (id),
  set_id TEXT NOT NULL REFERENCES merge_set (id),
  position INTEGER NOT NULL,
  name TEXT NOT NULL,
  verify TEXT NOT NULL,
  undo_id TEXT NOT NULL,
  from_commit TEXT,
  to_commit TEXT,
  landed INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX merge_set_member_of_set ON merge_set_member (set_id, position);
`;
