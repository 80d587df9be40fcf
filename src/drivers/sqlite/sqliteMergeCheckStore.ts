import type { Database, Statement } from 'better-sqlite3';
import { defined } from '../../base/defined.js';
import { parseId, type MergeId } from '../../base/ids.js';
import type { MergeCheck, MergeCheckStore } from '../../core/merges/mergeCheck.js';
import { EntityTable, fixed, stored, type RowOf } from './columns.js';

const columns = {
  merge_id: fixed((check: MergeCheck) => check.merge),
  number: fixed((check: MergeCheck) => check.number),
  attempt: fixed((check: MergeCheck) => check.attempt),
  command: fixed((check: MergeCheck) => check.command),
  candidate: fixed((check: MergeCheck) => check.candidate),
  exit_code: stored((check: MergeCheck) => check.exitCode ?? null),
  signal: stored((check: MergeCheck) => check.signal ?? null),
  output: stored((check: MergeCheck) => check.output),
  truncated: stored((check: MergeCheck) => (check.truncated ? 1 : 0)),
  started_at: fixed((check: MergeCheck) => check.startedAt),
  ended_at: stored((check: MergeCheck) => check.endedAt ?? null),
};
type CheckRow = RowOf<typeof columns>;
const table = new EntityTable<MergeCheck>('merge_check', columns);

export class SqliteMergeCheckStore implements MergeCheckStore {
  readonly #save: Statement<[object]>;
  readonly #ofMerge: Statement<[string], CheckRow>;

  constructor(database: Database) {
    this.#save = database.prepare(table.replace());
    this.#ofMerge = database.prepare(`SELECT * FROM merge_check WHERE merge_id = ? ORDER BY number`);
  }

  save(check: MergeCheck): void {
    this.#save.run(table.parameters(check));
  }

  ofMerge(merge: MergeId): readonly MergeCheck[] {
    return this.#ofMerge.all(merge).map(row => ({
      merge: parseId(row.merge_id),
      number: row.number,
      attempt: row.attempt,
      command: row.command,
      candidate: row.candidate,
      output: row.output,
      truncated: row.truncated === 1,
      startedAt: row.started_at,
      ...defined({ exitCode: row.exit_code, signal: row.signal, endedAt: row.ended_at }),
    }));
  }
}
