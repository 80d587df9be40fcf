import type { Database, Statement } from 'better-sqlite3';
import { parseId, type RunId } from '../../base/ids.js';
import type { MergeResumption, MergeResumptionStore } from '../../core/merges/resumption.js';

interface ResumptionRow {
  readonly run_id: string;
  readonly merge_id: string;
}

export class SqliteMergeResumptionStore implements MergeResumptionStore {
  readonly #list: Statement<[], ResumptionRow>;
  readonly #save: Statement<[ResumptionRow]>;
  readonly #remove: Statement<[string]>;

  constructor(database: Database) {
    this.#list = database.prepare(`SELECT * FROM merge_resumption`);
    this.#save = database.prepare(
      `INSERT OR REPLACE INTO merge_resumption (run_id, merge_id) VALUES (:run_id, :merge_id)`,
    );
    this.#remove = database.prepare(`DELETE FROM merge_resumption WHERE run_id = ?`);
  }

  list(): readonly MergeResumption[] {
    return this.#list.all().map(row => ({ run: parseId(row.run_id), merge: parseId(row.merge_id) }));
  }

  save({ run, merge }: MergeResumption): void {
    this.#save.run({ run_id: run, merge_id: merge });
  }

  remove(run: RunId): void {
    this.#remove.run(run);
  }
}
