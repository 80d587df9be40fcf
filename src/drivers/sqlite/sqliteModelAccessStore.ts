import type { Database, Statement } from 'better-sqlite3';
import { defined } from '../../base/defined.js';
import { parseId, type RunId } from '../../base/ids.js';
import type { ModelAccess } from '../../core/models/modelAccess.js';
import type { ModelAccessStore } from '../../core/models/modelStore.js';
import { parseTexts } from '../../base/jsonFields.js';
import { EntityTable, fixed, stored, type RowOf } from './columns.js';

const columns = {
  run_id: fixed((access: ModelAccess) => access.run),
  token_hash: stored((access: ModelAccess) => access.tokenHash ?? null),
  upstream: stored((access: ModelAccess) => access.upstream ?? null),
  models_json: stored((access: ModelAccess) => JSON.stringify(access.models)),
  over_budget: stored((access: ModelAccess) => access.overBudget ?? null),
};
type AccessRow = RowOf<typeof columns>;
const table = new EntityTable<ModelAccess>('model_access', columns);

/** The tables `model_access` and `facade_port`. */
export class SqliteModelAccessStore implements ModelAccessStore {
  readonly #save: Statement<[object]>;
  readonly #of: Statement<[string], AccessRow>;
  readonly #withToken: Statement<[string], AccessRow>;
  readonly #revoke: Statement<[string]>;
  readonly #open: Statement<[], { tokens: number }>;
  readonly #port: Statement<[], { port: number }>;
  readonly #savePort: Statement<[number]>;

  constructor(database: Database) {
    this.#save = database.prepare(table.replace());
    this.#of = database.prepare(`SELECT * FROM model_access WHERE run_id = ?`);
    this.#withToken = database.prepare(`SELECT * FROM model_access WHERE token_hash = ?`);
    this.#revoke = database.prepare(`UPDATE model_access SET token_hash = NULL WHERE run_id = ?`);
    this.#open = database.prepare(`SELECT COUNT(*) AS tokens FROM model_access WHERE token_hash IS NOT NULL`);
    this.#port = database.prepare(`SELECT port FROM facade_port WHERE id = 1`);
    this.#savePort = database.prepare(`INSERT OR REPLACE INTO facade_port (id, port) VALUES (1, ?)`);
  }

  save(access: ModelAccess): void {
    this.#save.run(table.parameters(access));
  }

  of(run: RunId): ModelAccess | undefined {
    const row = this.#of.get(run);
    return row && toAccess(row);
  }

  withToken(hash: string): ModelAccess | undefined {
    const row = this.#withToken.get(hash);
    return row && toAccess(row);
  }

  revoke(run: RunId): void {
    this.#revoke.run(run);
  }

  open(): number {
    return this.#open.get()?.tokens ?? 0;
  }

  port(): number | undefined {
    return this.#port.get()?.port;
  }

  savePort(port: number): void {
    this.#savePort.run(port);
  }
}

function toAccess(row: AccessRow): ModelAccess {
  return {
    run: parseId(row.run_id),
    models: parseTexts(row.models_json),
    ...defined({ tokenHash: row.token_hash, upstream: row.upstream, overBudget: row.over_budget }),
  };
}
