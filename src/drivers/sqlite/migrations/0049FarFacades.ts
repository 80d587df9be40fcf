/** Runs whose models are reached through a facade elsewhere, and how far what its processes counted was taken over. */
export const farFacades = `
ALTER TABLE model_access ADD COLUMN far_json TEXT;
ALTER TABLE model_access ADD COLUMN far_expires_at INTEGER;
CREATE INDEX model_access_far ON model_access (far_expires_at) WHERE far_expires_at IS NOT NULL;

CREATE TABLE far_taken (
  facade TEXT NOT NULL,
  process TEXT NOT NULL,
  last INTEGER NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (facade, process)
) STRICT;
`;
