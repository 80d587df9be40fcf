/** Threads that began with what a person had not committed: the commit of it. */
export const carriedChanges = `
ALTER TABLE thread ADD COLUMN carried TEXT;
`;
