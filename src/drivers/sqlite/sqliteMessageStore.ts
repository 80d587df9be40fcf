import type { Database, Statement } from 'better-sqlite3';
import { member } from '../../base/closedUnion.js';
import { parseId, type MessageId, type ThreadId } from '../../base/ids.js';
import type { Message, MessageIntent } from '../../core/messages/message.js';
import type { MessageStore } from '../../core/messages/messageStore.js';
import { defined } from '../../base/defined.js';
import { EntityTable, fixed, type RowOf } from './columns.js';

/** The columns of the `message` table, without its position: that is the number of its row. Messages never change. */
const columns = {
  id: fixed((message: Message) => message.id),
  thread_id: fixed((message: Message) => message.threadId),
  sender: fixed((message: Message) => message.from),
  recipient: fixed((message: Message) => message.to),
  intent: fixed((message: Message) => message.intent),
  body: fixed((message: Message) => message.body),
  run_id: fixed((message: Message) => message.runId ?? null),
  idempotency_key: fixed((message: Message) => message.idempotencyKey ?? null),
  created_at: fixed((message: Message) => message.createdAt),
  skip_handoff: fixed((message: Message) => (message.skipHandoff ? 1 : 0)),
};

type MessageRow = RowOf<typeof columns>;

const table = new EntityTable<Message>('message', columns);

const intents: readonly MessageIntent[] = [
  'dispatch',
  'handoff',
  'changes-requested',
  'take-over',
  'response',
  'error',
  'completion',
  'failure',
];

export class SqliteMessageStore implements MessageStore {
  readonly #insert: Statement<[ReturnType<typeof table.parameters>]>;
  readonly #get: Statement<[string], MessageRow>;
  readonly #ofThread: Statement<[string], MessageRow>;
  readonly #byKey: Statement<[string], MessageRow>;

  constructor(database: Database) {
    this.#insert = database.prepare(table.insert());
    this.#get = database.prepare(`SELECT * FROM message WHERE id = ?`);
    this.#ofThread = database.prepare(`SELECT * FROM message WHERE thread_id = ? ORDER BY position`);
    this.#byKey = database.prepare(`SELECT * FROM message WHERE idempotency_key = ?`);
  }

  get(id: MessageId): Message | undefined {
    const row = this.#get.get(id);
    return row && toMessage(row);
  }

  insert(message: Message): void {
    this.#insert.run(table.parameters(message));
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
    ...(row.skip_handoff === 1 ? { skipHandoff: true } : {}),
    ...defined({
      runId: row.run_id === null ? undefined : parseId<'run'>(row.run_id),
      idempotencyKey: row.idempotency_key,
    }),
  };
}
