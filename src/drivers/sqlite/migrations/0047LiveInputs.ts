/** Commands whose input somebody gives while they run. */
export const liveInputs = `
ALTER TABLE run ADD COLUMN live_input INTEGER NOT NULL DEFAULT 0;
`;
