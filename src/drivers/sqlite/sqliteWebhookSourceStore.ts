import type { Database, Statement } from 'better-sqlite3';
import { member } from '../../base/closedUnion.js';
import { parseId } from '../../base/ids.js';
import type {
  WebhookProvider,
  WebhookSource,
  WebhookSourceId,
  WebhookSourceStore,
} from '../../core/topics/webhookSource.js';

interface SourceRow {
  readonly id: string;
  readonly topic: string;
  readonly provider: string;
  readonly nonce: string;
  readonly created_at: number;
}

const providers: readonly WebhookProvider[] = ['token', 'github_sha256'];

export class SqliteWebhookSourceStore implements WebhookSourceStore {
  readonly #list: Statement<[], SourceRow>;
  readonly #insert: Statement<[SourceRow]>;
  readonly #remove: Statement<[string]>;

  constructor(database: Database) {
    // The longest first: it is the one that means the topic most exactly.
    this.#list = database.prepare(`SELECT * FROM webhook_source ORDER BY LENGTH(topic) DESC, topic`);
    this.#insert = database.prepare(`
      INSERT INTO webhook_source (id, topic, provider, nonce, created_at)
      VALUES (:id, :topic, :provider, :nonce, :created_at)`);
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

  insert({ id, topic, provider, nonce, createdAt }: WebhookSource): void {
    this.#insert.run({ id, topic, provider, nonce, created_at: createdAt });
  }

  remove(id: WebhookSourceId): void {
    this.#remove.run(id);
  }
}
