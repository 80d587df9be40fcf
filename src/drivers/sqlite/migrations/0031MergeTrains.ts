/** Merges that are verified and land together. */
export const mergeTrains = `
ALTER TABLE merge_queue ADD COLUMN batch INTEGER NOT NULL DEFAULT 1;

CREATE TABLE merge_train_car (
  position INTEGER PRIMARY KEY AUTOINCREMENT,
  train_id TEXT NOT NULL,
  merge_id TEXT NOT NULL REFERENCES merge (id),
  from_commit TEXT NOT NULL,
  to_commit TEXT NOT NULL,
  UNIQUE (train_id, merge_id)
) STRICT;
CREATE INDEX merge_train_of_merge ON merge_train_car (merge_id);
`;
