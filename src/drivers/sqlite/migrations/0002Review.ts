/** What people made of the commits of threads; what was said last has the highest row id. */
export const review = `
CREATE TABLE review (
  thread_id TEXT NOT NULL REFERENCES thread (id),
  commit_sha TEXT NOT NULL,
  verdict TEXT NOT NULL,
  by TEXT NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (thread_id, verdict, commit_sha, by)
) STRICT;
`;
