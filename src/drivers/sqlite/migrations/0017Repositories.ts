/** Repositories by the place where they were seen last. */
export const repositories = `
CREATE TABLE repository (
  common_dir TEXT PRIMARY KEY,
  root TEXT NOT NULL,
  identity TEXT NOT NULL
) STRICT, WITHOUT ROWID;
`;
