/** Merges that are asked for again when an agent has resolved what stood in the way. */
export const mergeResumptions = `
CREATE TABLE merge_resumption (
  run_id TEXT PRIMARY KEY REFERENCES run (id),
  merge_id TEXT NOT NULL REFERENCES merge (id)
) STRICT;
`;
