/** Times are milliseconds since the epoch; ids are 12 characters; `json` columns hold JSON text. */
export const initial = `
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE project (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  folder TEXT NOT NULL,
  file TEXT NOT NULL UNIQUE,
  revision INTEGER NOT NULL,
  consent TEXT,
  removed_at INTEGER
) STRICT;

CREATE TABLE project_revision (
  project_id TEXT NOT NULL REFERENCES project (id),
  revision INTEGER NOT NULL,
  spec_hash TEXT NOT NULL,
  spec_json TEXT NOT NULL,
  applied_at INTEGER NOT NULL,
  PRIMARY KEY (project_id, revision)
) STRICT, WITHOUT ROWID;

CREATE TABLE thread (
  id TEXT PRIMARY KEY,
  project_id TEXT NOT NULL REFERENCES project (id),
  agent TEXT NOT NULL,
  outcome TEXT NOT NULL CHECK (outcome IN ('open', 'completed', 'failed', 'abandoned')),
  summary TEXT NOT NULL,
  requested_base TEXT,
  repository TEXT,
  branch TEXT,
  base_ref TEXT,
  base_commit TEXT,
  worktree TEXT,
  head TEXT,
  rescue TEXT,
  files_changed INTEGER,
  additions INTEGER,
  deletions INTEGER,
  latest_run TEXT,
  latest_merge TEXT,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX thread_by_age ON thread (created_at DESC, id DESC);
CREATE INDEX thread_by_outcome ON thread (outcome, created_at DESC, id DESC);
CREATE INDEX thread_by_project ON thread (project_id, created_at DESC, id DESC);
CREATE INDEX thread_with_worktree ON thread (project_id) WHERE worktree IS NOT NULL;

CREATE TABLE message (
  id TEXT PRIMARY KEY,
  position INTEGER NOT NULL,
  thread_id TEXT NOT NULL REFERENCES thread (id),
  sender TEXT NOT NULL,
  recipient TEXT NOT NULL,
  intent TEXT NOT NULL,
  body TEXT NOT NULL,
  run_id TEXT,
  idempotency_key TEXT UNIQUE,
  created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX message_of_thread ON message (thread_id, position);

CREATE TABLE run (
  id TEXT PRIMARY KEY,
  position INTEGER NOT NULL,
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
  conversation TEXT,
  answer TEXT,
  activity TEXT,
  input_tokens INTEGER,
  output_tokens INTEGER,
  cache_read_tokens INTEGER,
  cache_write_tokens INTEGER,
  cost_usd REAL,
  digest_json TEXT
) STRICT;
CREATE INDEX run_of_thread ON run (thread_id, position);
CREATE INDEX run_queued ON run (position) WHERE status = 'queued';
CREATE INDEX run_active ON run (position) WHERE status IN ('starting', 'running', 'waiting');
CREATE INDEX run_unsettled ON run (position) WHERE settled = 0;

CREATE TABLE merge (
  id TEXT PRIMARY KEY,
  position INTEGER NOT NULL,
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
CREATE INDEX merge_of_thread ON merge (thread_id, position);
CREATE INDEX merge_active ON merge (position) WHERE status IN ('queued', 'checking', 'merging');

CREATE TABLE event (
  sequence INTEGER PRIMARY KEY AUTOINCREMENT,
  at INTEGER NOT NULL,
  kind TEXT NOT NULL,
  data_json TEXT NOT NULL
) STRICT;
`;
