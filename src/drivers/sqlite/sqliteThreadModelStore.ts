import type { Database, Statement } from 'better-sqlite3';
import type { ThreadId } from '../../base/ids.js';
import type { ChosenModel, ThreadModelStore } from '../../core/threads/threadModel.js';

export class SqliteThreadModelStore implements ThreadModelStore {
  readonly #of: Statement<[string], ChosenModel>;
  readonly #save: Statement<[string, string, string]>;

  constructor(database: Database) {
    this.#of = database.prepare(`SELECT agent, model FROM thread_model WHERE thread_id = ?`);
    this.#save = database.prepare(`INSERT OR REPLACE INTO thread_model (thread_id, agent, model) VALUES (?, ?, ?)`);
  }

  of(thread: ThreadId): ChosenModel | undefined {
    return this.#of.get(thread);
  }

  save(thread: ThreadId, { agent, model }: ChosenModel): void {
    this.#save.run(thread, agent, model);
  }
}
