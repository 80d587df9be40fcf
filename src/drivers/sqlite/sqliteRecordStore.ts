import type { Database } from 'better-sqlite3';
import type { RecordKind, RecordStore } from '../../core/retention/recordStore.js';

interface Table {
  readonly kind: RecordKind;
  readonly table: string;
  readonly key: string;
  readonly at: string;
  /** Of those that are over. */
  readonly over: string;
}

const tables: readonly Table[] = [
  { kind: 'fire', table: 'schedule_fire', key: 'sequence', at: 'at', over: `outcome != 'waiting'` },
  { kind: 'script run', table: 'script_run', key: 'id', at: 'ended_at', over: 'ended_at IS NOT NULL' },
  { kind: 'model call', table: 'model_call', key: 'id', at: 'started_at', over: 'status IS NOT NULL' },
];

/** Rows of `schedule_fire`, `script_run` (with `script_call`) and `model_call` that are over. Asked once a day, so nothing is prepared. */
export class SqliteRecordStore implements RecordStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  older(than: number): ReturnType<RecordStore['older']> {
    return tables.flatMap(({ kind, table, at, over }) => {
      const sql = `SELECT COUNT(*) AS count, MIN(${at}) AS oldest FROM ${table} WHERE ${over} AND ${at} < ?`;
      const found = this.#database.prepare<[number], { count: number; oldest: number | null }>(sql).get(than);
      return found === undefined || found.count === 0 ? [] : [{ kind, count: found.count, oldest: found.oldest ?? 0 }];
    });
  }

  prune(kind: RecordKind, { than, limit }: { readonly than: number; readonly limit: number }): number {
    const found = tables.find(each => each.kind === kind);
    if (found === undefined) return 0;
    const { table, key, at, over } = found;
    const oldest = `SELECT ${key} FROM ${table} WHERE ${over} AND ${at} < ? ORDER BY ${at} LIMIT ?`;
    if (kind === 'script run') this.#delete(`script_call WHERE run_id IN (${oldest})`, than, limit);
    return this.#delete(`${table} WHERE ${key} IN (${oldest})`, than, limit);
  }

  #delete(rows: string, than: number, limit: number): number {
    return this.#database.prepare<[number, number]>(`DELETE FROM ${rows}`).run(than, limit).changes;
  }
}
