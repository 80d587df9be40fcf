/** The present chain of hand-offs of each thread that has one. */
export const chains = `
CREATE TABLE chain (
  thread_id TEXT PRIMARY KEY REFERENCES thread (id),
  state TEXT NOT NULL,
  author TEXT NOT NULL,
  depth INTEGER NOT NULL,
  waiting_json TEXT NOT NULL,
  said_json TEXT NOT NULL,
  note TEXT NOT NULL
) STRICT, WITHOUT ROWID;
`;
