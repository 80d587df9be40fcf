import type { Database, Statement } from 'better-sqlite3';
import { member } from '../../base/closedUnion.js';
import { defined } from '../../base/defined.js';
import { parseId } from '../../base/ids.js';
import type { TopicEvent, TopicCount, TopicFilter, TopicSource, TopicStore } from '../../core/topics/topicEvent.js';
import { EntityTable, fixed, type RowOf } from './columns.js';

type NewEvent = Omit<TopicEvent, 'sequence'>;

/** The columns of `topic_event`, without its sequence. Events never change. */
const columns = {
  id: fixed((event: NewEvent) => event.id),
  topic: fixed((event: NewEvent) => event.topic),
  source: fixed((event: NewEvent) => event.source),
  project_id: fixed((event: NewEvent) => event.projectId ?? null),
  payload: fixed((event: NewEvent) => event.payload),
  payload_hash: fixed((event: NewEvent) => event.payloadHash),
  created_at: fixed((event: NewEvent) => event.createdAt),
  correlation_id: fixed((event: NewEvent) => event.correlationId),
  parent_id: fixed((event: NewEvent) => event.parentId ?? null),
  idempotency_key: fixed((event: NewEvent) => event.idempotencyKey ?? null),
};
const table = new EntityTable<NewEvent>('topic_event', columns);

interface TopicRow extends RowOf<typeof columns> {
  readonly sequence: number;
}

interface FilterParameters {
  readonly topic: string | null;
  readonly correlation: string | null;
  readonly source: string | null;
  readonly after: number | null;
  readonly limit: number;
  readonly offset: number;
}

const sources: readonly TopicSource[] = ['muster', 'webhook', 'script', 'person', 'run'];

export class SqliteTopicStore implements TopicStore {
  readonly #database: Database;
  readonly #append: Statement<[object]>;
  readonly #get: Statement<[string], TopicRow>;
  readonly #byKey: Statement<[string, string], TopicRow>;
  readonly #last: Statement<[], { sequence: number | null }>;
  readonly #cursor: Statement<[], { sequence: number }>;
  readonly #moveCursor: Statement<[number]>;
  readonly #prune: Statement<[number, number]>;
  readonly #counts: Statement<[], TopicCount>;
  readonly #lists = new Map<string, Statement<[FilterParameters], TopicRow>>();

  constructor(database: Database) {
    this.#counts = database.prepare(`
      SELECT topic, COUNT(*) AS count, MAX(sequence) AS lastSequence FROM topic_event GROUP BY topic ORDER BY topic`);
    this.#database = database;
    this.#append = database.prepare(table.insert());
    this.#get = database.prepare(`SELECT * FROM topic_event WHERE id = ?`);
    this.#byKey = database.prepare(`SELECT * FROM topic_event WHERE topic = ? AND idempotency_key = ?`);
    this.#last = database.prepare(`SELECT MAX(sequence) AS sequence FROM topic_event`);
    this.#cursor = database.prepare(`SELECT sequence FROM topic_cursor`);
    this.#moveCursor = database.prepare(`
      INSERT INTO topic_cursor (one, sequence) VALUES (1, ?) ON CONFLICT (one) DO UPDATE SET sequence = excluded.sequence`);
    this.#prune = database.prepare(`
      DELETE FROM topic_event WHERE sequence <= MIN((SELECT MAX(sequence) FROM topic_event) - ?, (SELECT MIN(sequence) FROM topic_event) + ? - 1)
      AND id NOT IN (SELECT event_id FROM schedule_fire WHERE outcome = 'waiting' AND event_id IS NOT NULL)`);
  }

  append(event: NewEvent): number {
    return Number(this.#append.run(table.parameters(event)).lastInsertRowid);
  }

  get(id: string): TopicEvent | undefined {
    const row = this.#get.get(id);
    return row && toEvent(row);
  }

  byKey(topic: string, idempotencyKey: string): TopicEvent | undefined {
    const row = this.#byKey.get(topic, idempotencyKey);
    return row && toEvent(row);
  }

  list({ topic, correlationId, source, after, limit, offset = 0 }: TopicFilter): readonly TopicEvent[] {
    const isPrefix = topic?.endsWith('*') ?? false;
    const where = [
      'TRUE',
      // A prefix as a range, so that the index serves it: no topic has a letter above `{`.
      ...(topic === undefined ? [] : [isPrefix ? `topic >= :topic AND topic < :topic || '{'` : 'topic = :topic']),
      ...(correlationId === undefined ? [] : ['correlation_id = :correlation']),
      ...(source === undefined ? [] : ['source = :source']),
      ...(after === undefined ? [] : ['sequence > :after']),
    ].join(' AND ');
    const text = `SELECT * FROM topic_event WHERE ${where} ORDER BY sequence ${after === undefined ? 'DESC' : ''} LIMIT :limit OFFSET :offset`;
    let statement = this.#lists.get(text);
    if (!statement) {
      statement = this.#database.prepare(text);
      this.#lists.set(text, statement);
    }
    const parameters = {
      topic: (isPrefix ? topic?.slice(0, -1) : topic) ?? null,
      correlation: correlationId ?? null,
      source: source ?? null,
      after: after ?? null,
      limit,
      offset,
    };
    return statement.all(parameters).map(toEvent);
  }

  counts(): readonly TopicCount[] {
    return this.#counts.all();
  }

  lastSequence(): number {
    return this.#last.get()?.sequence ?? 0;
  }

  cursor(): number | undefined {
    return this.#cursor.get()?.sequence;
  }

  moveCursor(sequence: number): void {
    this.#moveCursor.run(sequence);
  }

  prune(keep: number, limit: number): number {
    return this.#prune.run(keep, limit).changes;
  }
}

function toEvent(row: TopicRow): TopicEvent {
  return {
    id: parseId(row.id),
    sequence: row.sequence,
    topic: row.topic,
    source: member(sources, row.source),
    payload: row.payload,
    payloadHash: row.payload_hash,
    createdAt: row.created_at,
    correlationId: row.correlation_id,
    ...defined({
      projectId: row.project_id === null ? undefined : parseId<'project'>(row.project_id),
      parentId: row.parent_id === null ? undefined : parseId<'topicEvent'>(row.parent_id),
      idempotencyKey: row.idempotency_key,
    }),
  };
}
