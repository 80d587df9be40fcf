/** The model that a person chose for one thread: several attempts at a task, with a model each. */
export const threadModels = `
CREATE TABLE thread_model (
  thread_id TEXT PRIMARY KEY REFERENCES thread (id),
  agent TEXT NOT NULL,
  model TEXT NOT NULL
) STRICT, WITHOUT ROWID;
`;
