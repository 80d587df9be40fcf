/** In which sandbox a guest server is; NULL: it is a process of this machine. */
export const notebookSandboxes = `
ALTER TABLE notebook_server ADD COLUMN sandbox_id TEXT REFERENCES sandbox (id);
`;
