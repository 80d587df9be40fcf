import type { Database, Statement } from 'better-sqlite3';
import { member } from '../../base/closedUnion.js';
import { parseId, type MessageId, type ThreadId } from '../../base/ids.js';
import type { Message, MessageIntent } from '../../core/messages/message.js';
import type { MessageStore } from '../../core/messages/messageStore.js';
import { defined } from '../../base/defined.js';

interface MessageRow {
  readonly id: string;
  readonly thread_id: string;
  readonly sender: string;
  readonly recipient: string;
  readonly intent: string;
  readonly body: string;
  readonly run_id: string | null;
  readonly idempotency_key: string | null;
  readonly created_at: number;
}

const intents: readonly MessageIntent[] = ['dispatch', 'response', 'error', 'completion', 'failure'];

export class SqliteMessageStore implements MessageStore {
  readonly #insert: Statement<[MessageRow]>;
  readonly #get: Statement<[string], MessageRow>;
  readonly #ofThread: Statement<[string], MessageRow>;
  readonly #byKey: Statement<[string], MessageRow>;

  constructor(database: Database) {
    this.#insert = database.prepare(`
      INSERT INTO message (id, position, thread_id, sender, recipient, intent, body, run_id, idempotency_key, created_at)
      VALUES (:id, COALESCE((SELECT MAX(position) FROM message WHERE thread_id = :thread_id), 0) + 1, :thread_id, :sender, :recipient,
        :intent, :body, :run_id, :idempotency_key, :created_at)`);
    this.#get = database.prepare(`SELECT * FROM message WHERE id = ?`);
    this.#ofThread = database.prepare(`SELECT * FROM message WHERE thread_id = ? ORDER BY position`);
    this.#byKey = database.prepare(`SELECT * FROM message WHERE idempotency_key = ?`);
  }

  get(id: MessageId): Message | undefined {
    const row = this.#get.get(id);
    return row && toMessage(row);
  }

  insert(message: Message): void {
    this.#insert.run({
      id: message.id,
      thread_id: message.threadId,
      sender: message.from,
      recipient: message.to,
      intent: message.intent,
      body: message.body,
      run_id: message.runId ?? null,
      idempotency_key: message.idempotencyKey ?? null,
      created_at: message.createdAt,
    });
  }

  ofThread(thread: ThreadId): readonly Message[] {
    return this.#ofThread.all(thread).map(toMessage);
  }

  byIdempotencyKey(key: string): Message | undefined {
    const row = this.#byKey.get(key);
    return row && toMessage(row);
  }
}

function toMessage(row: MessageRow): Message {
  return {
    id: parseId(row.id),
    threadId: parseId(row.thread_id),
    from: row.sender,
    to: row.recipient,
    intent: member(intents, row.intent),
    body: row.body,
    createdAt: row.created_at,
    ...defined({
      runId: row.run_id === null ? undefined : parseId<'run'>(row.run_id),
      idempotencyKey: row.idempotency_key,
    }),
  };
}
