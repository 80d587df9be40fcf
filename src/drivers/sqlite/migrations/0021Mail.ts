/** What agents wrote to the host with their tools: questions to people, and verdicts. */
export const mail = `
CREATE TABLE question (
  id TEXT PRIMARY KEY,
  run_id TEXT NOT NULL REFERENCES run (id),
  number INTEGER NOT NULL,
  thread_id TEXT NOT NULL REFERENCES thread (id),
  agent TEXT NOT NULL,
  kind TEXT NOT NULL,
  title TEXT NOT NULL,
  detail TEXT NOT NULL,
  options_json TEXT NOT NULL,
  rule TEXT NOT NULL,
  asked_at INTEGER NOT NULL,
  decision TEXT,
  answer TEXT,
  answered_at INTEGER,
  UNIQUE (run_id, number)
) STRICT;
CREATE INDEX question_thread ON question (thread_id);
CREATE INDEX question_open ON question (asked_at) WHERE answered_at IS NULL;

CREATE TABLE verdict (
  run_id TEXT PRIMARY KEY REFERENCES run (id),
  thread_id TEXT NOT NULL REFERENCES thread (id),
  agent TEXT NOT NULL,
  verdict TEXT NOT NULL,
  summary TEXT NOT NULL,
  findings_json TEXT NOT NULL,
  commit_id TEXT NOT NULL,
  at INTEGER NOT NULL
) STRICT;
CREATE INDEX verdict_thread ON verdict (thread_id);
`;
