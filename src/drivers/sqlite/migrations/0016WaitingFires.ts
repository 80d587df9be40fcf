/** Fires that wait for their turn or another attempt; they are found by a partial index. */
export const waitingFires = `
ALTER TABLE schedule_fire ADD COLUMN attempts INTEGER NOT NULL DEFAULT 0;
ALTER TABLE schedule_fire ADD COLUMN not_before INTEGER;
CREATE INDEX schedule_fire_waiting ON schedule_fire (project_id, agent, sequence) WHERE outcome = 'waiting';
`;
