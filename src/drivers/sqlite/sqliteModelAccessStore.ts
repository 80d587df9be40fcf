import type { Database, Statement } from 'better-sqlite3';
import { defined } from '../../base/defined.js';
import { parseId, type RunId } from '../../base/ids.js';
import type { ModelAccess } from '../../core/models/modelAccess.js';
import type { ModelAccessStore } from '../../core/models/modelStore.js';
import { JsonFields, parseTexts } from '../../base/jsonFields.js';
import type { FarPlace } from '../../core/models/farFacade.js';
import { EntityTable, fixed, stored, type RowOf } from './columns.js';

const columns = {
  run_id: fixed((access: ModelAccess) => access.run),
  token_hash: stored((access: ModelAccess) => access.tokenHash ?? null),
  upstream: stored((access: ModelAccess) => access.upstream ?? null),
  models_json: stored((access: ModelAccess) => JSON.stringify(access.models)),
  far_json: stored((access: ModelAccess) => (access.far ? JSON.stringify(access.far.place) : null)),
  far_expires_at: stored((access: ModelAccess) => access.far?.expiresAt ?? null),
  over_budget: stored((access: ModelAccess) => access.overBudget ?? null),
};
type AccessRow = RowOf<typeof columns>;
const table = new EntityTable<ModelAccess>('model_access', columns);

/** A process of a facade elsewhere that was not heard of for as long is gone. */
const keptTakenMs = 30 * 24 * 3_600_000;

/** The tables `model_access`, `facade_port` and `far_taken`. */
export class SqliteModelAccessStore implements ModelAccessStore {
  readonly #save: Statement<[object]>;
  readonly #of: Statement<[string], AccessRow>;
  readonly #withToken: Statement<[string], AccessRow>;
  readonly #revoke: Statement<[string]>;
  readonly #open: Statement<[], { tokens: number }>;
  readonly #far: Statement<[number], AccessRow>;
  readonly #taken: Statement<[string], { process: string; last: number }>;
  readonly #saveTaken: Statement<[string, string, number, number]>;
  readonly #dropTaken: Statement<[number]>;
  readonly #port: Statement<[], { port: number }>;
  readonly #savePort: Statement<[number]>;

  constructor(database: Database) {
    this.#save = database.prepare(table.replace());
    this.#of = database.prepare(`SELECT * FROM model_access WHERE run_id = ?`);
    this.#withToken = database.prepare(`SELECT * FROM model_access WHERE token_hash = ?`);
    this.#revoke = database.prepare(`UPDATE model_access SET token_hash = NULL WHERE run_id = ?`);
    this.#open = database.prepare(`SELECT COUNT(*) AS tokens FROM model_access WHERE token_hash IS NOT NULL`);
    this.#far = database.prepare(`SELECT * FROM model_access WHERE far_expires_at > ? ORDER BY far_expires_at`);
    this.#taken = database.prepare(`SELECT process, last FROM far_taken WHERE facade = ?`);
    this.#saveTaken = database.prepare(
      `INSERT OR REPLACE INTO far_taken (facade, process, last, at) VALUES (?, ?, ?, ?)`,
    );
    this.#dropTaken = database.prepare(`DELETE FROM far_taken WHERE at < ?`);
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

  far(now: number): readonly ModelAccess[] {
    return this.#far.all(now).map(toAccess);
  }

  taken(facade: string): ReadonlyMap<string, number> {
    return new Map(this.#taken.all(facade).map(({ process, last }) => [process, last]));
  }

  saveTaken(facade: string, process: string, { last, at }: Parameters<ModelAccessStore['saveTaken']>[2]): void {
    this.#saveTaken.run(facade, process, last, at);
    this.#dropTaken.run(at - keptTakenMs);
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
    ...(row.far_json === null || row.far_expires_at === null
      ? {}
      : { far: { place: toPlace(row.far_json), expiresAt: row.far_expires_at } }),
    ...defined({ tokenHash: row.token_hash, upstream: row.upstream, overBudget: row.over_budget }),
  };
}

function toPlace(json: string): FarPlace {
  const fields = JsonFields.parse(json);
  return {
    facade: fields.text('facade') ?? '',
    ...defined({ context: fields.text('context'), namespace: fields.text('namespace') }),
  };
}
