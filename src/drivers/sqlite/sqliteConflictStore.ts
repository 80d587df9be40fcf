import type { Database, Statement } from 'better-sqlite3';
import { parseId, type ThreadId } from '../../base/ids.js';
import { parseTexts } from '../../base/jsonFields.js';
import type { ConflictPrediction, ConflictStore } from '../../core/merges/conflictPrediction.js';
import { EntityTable, fixed, stored, type RowOf } from './columns.js';

const columns = {
  thread_id: fixed((prediction: ConflictPrediction) => prediction.threadId),
  head: stored((prediction: ConflictPrediction) => prediction.head),
  target: stored((prediction: ConflictPrediction) => prediction.target),
  target_commit: stored((prediction: ConflictPrediction) => prediction.targetCommit),
  files_json: stored((prediction: ConflictPrediction) => JSON.stringify(prediction.files)),
};
type ConflictRow = RowOf<typeof columns>;
const table = new EntityTable<ConflictPrediction>('conflict_prediction', columns);

export class SqliteConflictStore implements ConflictStore {
  readonly #get: Statement<[string], ConflictRow>;
  readonly #save: Statement<[object]>;

  constructor(database: Database) {
    this.#get = database.prepare(`SELECT * FROM conflict_prediction WHERE thread_id = ?`);
    this.#save = database.prepare(table.replace());
  }

  ofThread(thread: ThreadId): ConflictPrediction | undefined {
    const row = this.#get.get(thread);
    return (
      row && {
        threadId: parseId(row.thread_id),
        head: row.head,
        target: row.target,
        targetCommit: row.target_commit,
        files: parseTexts(row.files_json),
      }
    );
  }

  save(prediction: ConflictPrediction): void {
    this.#save.run(table.parameters(prediction));
  }
}
