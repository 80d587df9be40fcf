/** What a run was asked with: its agent's instructions as a hash, and whether its message wanted hand-offs. */
export const askedWith = `
ALTER TABLE run ADD COLUMN prompt_hash TEXT;
ALTER TABLE message ADD COLUMN skip_handoff INTEGER NOT NULL DEFAULT 0;
`;
