/** Tests that a run did itself, as its CLI told. */
export const runTests = `
ALTER TABLE run ADD COLUMN tests_json TEXT;
`;
