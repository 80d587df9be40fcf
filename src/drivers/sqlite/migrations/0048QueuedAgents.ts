/** The queue passes over agents that have no room without reading their runs. */
export const queuedAgents = `
DROP INDEX run_queued;
CREATE INDEX run_queued ON run (position, agent) WHERE status = 'queued';
`;
