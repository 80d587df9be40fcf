/**
 * The order of messages, runs and merges is the number of their row. It was one more than the highest so far, which is a look
 * into an index for every insert. Rows stay in the order that they had; what else a table holds is copied as it is.
 */
export const positions = `
CREATE TABLE message_new (
  position INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  thread_id TEXT NOT NULL REFERENCES thread (id),
  sender TEXT NOT NULL,
  recipient TEXT NOT NULL,
  intent TEXT NOT NULL,
  body TEXT NOT NULL,
  run_id TEXT,
  idempotency_key TEXT UNIQUE,
  created_at INTEGER NOT NULL
) STRICT;
INSERT INTO message_new (id, thread_id, sender, recipient, intent, body, run_id, idempotency_key, created_at)
  SELECT id, thread_id, sender, recipient, intent, body, run_id, idempotency_key, created_at
  FROM message ORDER BY thread_id, position, rowid;
DROP TABLE message;
ALTER TABLE message_new RENAME TO message;
CREATE INDEX message_of_thread ON message (thread_id);

CREATE TABLE run_new (
  position INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  thread_id TEXT NOT NULL REFERENCES thread (id),
  message_id TEXT NOT NULL REFERENCES message (id),
  agent TEXT NOT NULL,
  provider TEXT NOT NULL,
  model TEXT,
  status TEXT NOT NULL,
  generation INTEGER NOT NULL,
  queued_at INTEGER NOT NULL,
  started_at INTEGER,
  ended_at INTEGER,
  settled INTEGER NOT NULL,
  exit_code INTEGER,
  signal TEXT,
  error_code TEXT,
  error_message TEXT,
  models_via TEXT,
  conversation TEXT,
  answer TEXT,
  activity TEXT,
  input_tokens INTEGER,
  output_tokens INTEGER,
  cache_read_tokens INTEGER,
  cache_write_tokens INTEGER,
  cost_usd REAL
) STRICT;
INSERT INTO run_new (id, thread_id, message_id, agent, provider, model, status, generation, queued_at, started_at, ended_at,
    settled, exit_code, signal, error_code, error_message, models_via, conversation, answer, activity,
    input_tokens, output_tokens, cache_read_tokens, cache_write_tokens, cost_usd)
  SELECT id, thread_id, message_id, agent, provider, model, status, generation, queued_at, started_at, ended_at,
    settled, exit_code, signal, error_code, error_message, models_via, conversation, answer, activity,
    input_tokens, output_tokens, cache_read_tokens, cache_write_tokens, cost_usd
  FROM run ORDER BY position, rowid;
DROP TABLE run;
ALTER TABLE run_new RENAME TO run;
CREATE INDEX run_of_thread ON run (thread_id);
CREATE INDEX run_queued ON run (position) WHERE status = 'queued';
CREATE INDEX run_active ON run (position) WHERE status IN ('starting', 'running', 'waiting');
CREATE INDEX run_settling ON run (position) WHERE settled = 0 AND ended_at IS NOT NULL;

CREATE TABLE merge_new (
  position INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  thread_id TEXT NOT NULL REFERENCES thread (id),
  status TEXT NOT NULL,
  target TEXT NOT NULL,
  strategy TEXT NOT NULL,
  expect TEXT NOT NULL,
  commit_message TEXT NOT NULL,
  commit_sha TEXT,
  reason TEXT,
  message TEXT NOT NULL,
  files_json TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  ended_at INTEGER
) STRICT;
INSERT INTO merge_new (id, thread_id, status, target, strategy, expect, commit_message, commit_sha, reason, message, files_json,
    created_at, ended_at)
  SELECT id, thread_id, status, target, strategy, expect, commit_message, commit_sha, reason, message, files_json,
    created_at, ended_at
  FROM merge ORDER BY position, rowid;
DROP TABLE merge;
ALTER TABLE merge_new RENAME TO merge;
CREATE INDEX merge_of_thread ON merge (thread_id);
CREATE INDEX merge_active ON merge (position) WHERE status IN ('queued', 'checking', 'merging');
`;
