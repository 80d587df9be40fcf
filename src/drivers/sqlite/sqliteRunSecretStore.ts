import type { Database, Statement } from 'better-sqlite3';
import type { RunId } from '../../base/ids.js';
import type { RunSecretStore } from '../../core/runs/runSecretStore.js';

/** The tables `run_secret` and `secret_set`. */
export class SqliteRunSecretStore implements RunSecretStore {
  readonly #addSet: Statement<[string]>;
  readonly #save: Statement<[string, string]>;
  readonly #of: Statement<[string], { digests_json: string }>;

  constructor(database: Database) {
    this.#addSet = database.prepare(`INSERT INTO secret_set (digests_json) VALUES (?) ON CONFLICT DO NOTHING`);
    this.#save = database.prepare(`
      INSERT INTO run_secret (run_id, set_id) SELECT ?, id FROM secret_set WHERE digests_json = ?
      ON CONFLICT (run_id) DO UPDATE SET set_id = excluded.set_id`);
    this.#of = database.prepare(`
      SELECT digests_json FROM run_secret JOIN secret_set ON secret_set.id = run_secret.set_id WHERE run_id = ?`);
  }

  save(run: RunId, digests: string): void {
    this.#addSet.run(digests);
    this.#save.run(run, digests);
  }

  of(run: RunId): string | undefined {
    return this.#of.get(run)?.digests_json;
  }
}
