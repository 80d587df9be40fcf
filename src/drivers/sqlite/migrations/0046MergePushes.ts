/** What has become of pushing what has landed. */
export const mergePushes = `
ALTER TABLE merge ADD COLUMN push TEXT;
ALTER TABLE merge ADD COLUMN push_address TEXT;
ALTER TABLE merge ADD COLUMN push_problem TEXT;
CREATE INDEX merge_to_push ON merge (ended_at) WHERE push = 'due';
`;
