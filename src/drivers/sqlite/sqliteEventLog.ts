import type { Database, Statement } from 'better-sqlite3';
import { parseId } from '../../base/ids.js';
import { numberField, textField } from '../../base/unknownFields.js';
import type { DomainEvent, RecordedEvent } from '../../core/events/domainEvent.js';
import type { EventLog } from '../../core/events/eventLog.js';

interface EventRow {
  readonly sequence: number;
  readonly at: number;
  readonly kind: string;
  readonly data_json: string;
}

/** The `event` table. Appended events are also kept until the transaction's end, for `onDidCommit`. */
export class SqliteEventLog implements EventLog {
  readonly #insert: Statement<[number, string, string]>;
  readonly #since: Statement<[number, number], EventRow>;
  readonly #bounds: Statement<[], { first: number | null; last: number | null }>;
  readonly #prune: Statement<[number, number]>;
  #appended: RecordedEvent[] = [];

  constructor(database: Database) {
    this.#insert = database.prepare(`INSERT INTO event (at, kind, data_json) VALUES (?, ?, ?)`);
    this.#since = database.prepare(
      `SELECT sequence, at, kind, data_json FROM event WHERE sequence > ? ORDER BY sequence LIMIT ?`,
    );
    this.#bounds = database.prepare(`SELECT MIN(sequence) AS first, MAX(sequence) AS last FROM event`);
    this.#prune = database.prepare(`
      DELETE FROM event WHERE sequence <= MIN((SELECT MAX(sequence) FROM event) - ?, (SELECT MIN(sequence) FROM event) + ? - 1)`);
  }

  append(event: DomainEvent, at: number): void {
    const { kind, ...data } = event;
    const { lastInsertRowid } = this.#insert.run(at, kind, JSON.stringify(data));
    this.#appended.push({ sequence: Number(lastInsertRowid), at, event });
  }

  since(sequence: number, limit: number): readonly RecordedEvent[] | 'gone' {
    const { first, last } = this.#bounds.get() ?? { first: null, last: null };
    if (sequence > (last ?? 0) || (first !== null && sequence < first - 1)) return 'gone';
    return this.#since.all(sequence, limit).flatMap(row => {
      const event = toEvent(row);
      return event ? [{ sequence: row.sequence, at: row.at, event }] : [];
    });
  }

  lastSequence(): number {
    return this.#bounds.get()?.last ?? 0;
  }

  prune(keep: number, limit: number): number {
    return this.#prune.run(keep, limit).changes;
  }

  /** The events appended since the last call. */
  takeAppended(): readonly RecordedEvent[] {
    const appended = this.#appended;
    this.#appended = [];
    return appended;
  }
}

/** A kind that a newer program wrote stays in the log and is passed over. */
function toEvent(row: EventRow): DomainEvent | undefined {
  const data: unknown = JSON.parse(row.data_json);
  const text = (name: string): string => textField(data, name);
  switch (row.kind) {
    case 'project_changed':
    case 'schedule_changed':
      return { kind: row.kind, projectId: parseId(text('projectId')) };
    case 'topic_published':
      return { kind: 'topic_published', sequence: numberField(data, 'sequence') ?? 0 };
    case 'thread_changed':
      return { kind: 'thread_changed', threadId: parseId(text('threadId')) };
    case 'run_changed':
      return {
        kind: 'run_changed',
        threadId: parseId(text('threadId')),
        runId: parseId(text('runId')),
        status: text('status'),
      };
    case 'merge_changed':
      return {
        kind: 'merge_changed',
        threadId: parseId(text('threadId')),
        mergeId: parseId(text('mergeId')),
        status: text('status'),
      };
    default:
      return undefined;
  }
}
