/**
 * What keeps a long history from costing anything: the highest position is found by an index, what is settling by one of its
 * own, and the digest of a run, which is read and written only while it works, stands apart from the rows of every list.
 */
export const history = `
CREATE INDEX run_by_position ON run (position);
CREATE INDEX merge_by_position ON merge (position);
DROP INDEX run_unsettled;
CREATE INDEX run_settling ON run (position) WHERE settled = 0 AND ended_at IS NOT NULL;

CREATE TABLE run_digest (
  run_id TEXT PRIMARY KEY REFERENCES run (id),
  digest_json TEXT NOT NULL
) STRICT;
INSERT INTO run_digest SELECT id, digest_json FROM run
  WHERE digest_json IS NOT NULL AND status IN ('starting', 'running', 'waiting');
ALTER TABLE run DROP COLUMN digest_json;
`;
