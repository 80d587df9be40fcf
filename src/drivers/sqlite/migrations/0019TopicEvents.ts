/** Published events; a fire that one caused names it. `topic_cursor` has at most one row. */
export const topicEvents = `
CREATE TABLE topic_event (
  sequence INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  topic TEXT NOT NULL,
  source TEXT NOT NULL,
  project_id TEXT,
  payload TEXT NOT NULL,
  payload_hash TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  correlation_id TEXT NOT NULL,
  parent_id TEXT,
  idempotency_key TEXT
) STRICT;
CREATE UNIQUE INDEX topic_event_key ON topic_event (topic, idempotency_key) WHERE idempotency_key IS NOT NULL;
CREATE INDEX topic_event_topic ON topic_event (topic, sequence);
CREATE INDEX topic_event_correlation ON topic_event (correlation_id, sequence);

CREATE TABLE topic_cursor (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  sequence INTEGER NOT NULL
) STRICT;

ALTER TABLE schedule_fire ADD COLUMN event_id TEXT;
CREATE INDEX schedule_fire_event ON schedule_fire (event_id) WHERE event_id IS NOT NULL;
CREATE INDEX schedule_fire_cause ON schedule_fire (thread_id, sequence) WHERE event_id IS NOT NULL;
`;
