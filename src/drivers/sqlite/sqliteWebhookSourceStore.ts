import type { Database, Statement } from 'better-sqlite3';
import { member } from '../../base/closedUnion.js';
import { parseId } from '../../base/ids.js';
import type {
  WebhookProvider,
  WebhookSource,
  WebhookSourceId,
  WebhookSourceStore,
} from '../../core/topics/webhookSource.js';
import { EntityTable, fixed, type RowOf } from './columns.js';

const columns = {
  id: fixed((source: WebhookSource) => source.id),
  topic: fixed((source: WebhookSource) => source.topic),
  provider: fixed((source: WebhookSource) => source.provider),
  nonce: fixed((source: WebhookSource) => source.nonce),
  created_at: fixed((source: WebhookSource) => source.createdAt),
};
type SourceRow = RowOf<typeof columns>;
const table = new EntityTable<WebhookSource>('webhook_source', columns);

const providers: readonly WebhookProvider[] = ['token', 'github_sha256'];

export class SqliteWebhookSourceStore implements WebhookSourceStore {
  readonly #list: Statement<[], SourceRow>;
  readonly #insert: Statement<[object]>;
  readonly #remove: Statement<[string]>;

  constructor(database: Database) {
    // The longest first: it is the one that means the topic most exactly.
    this.#list = database.prepare(`SELECT * FROM webhook_source ORDER BY LENGTH(topic) DESC, topic`);
    this.#insert = database.prepare(table.insert());
    this.#remove = database.prepare(`DELETE FROM webhook_source WHERE id = ?`);
  }

  list(): readonly WebhookSource[] {
    return this.#list.all().map(row => ({
      id: parseId(row.id),
      topic: row.topic,
      provider: member(providers, row.provider),
      nonce: row.nonce,
      createdAt: row.created_at,
    }));
  }

  insert(source: WebhookSource): void {
    this.#insert.run(table.parameters(source));
  }

  remove(id: WebhookSourceId): void {
    this.#remove.run(id);
  }
}
