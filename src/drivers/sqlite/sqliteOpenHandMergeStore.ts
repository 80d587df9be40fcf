import type { Database, Statement } from 'better-sqlite3';
import { parseId, type ThreadId } from '../../base/ids.js';
import type { OpenHandMerge, OpenHandMergeStore } from '../../core/merges/openHandMerge.js';
import { EntityTable, fixed, stored, type RowOf } from './columns.js';

const columns = {
  thread_id: fixed((merge: OpenHandMerge) => merge.threadId),
  target: stored((merge: OpenHandMerge) => merge.target),
  begun_at: stored((merge: OpenHandMerge) => merge.begunAt),
};
type HandMergeRow = RowOf<typeof columns>;
const table = new EntityTable<OpenHandMerge>('hand_merge', columns);

export class SqliteOpenHandMergeStore implements OpenHandMergeStore {
  readonly #get: Statement<[string], HandMergeRow>;
  readonly #save: Statement<[object]>;
  readonly #remove: Statement<[string]>;

  constructor(database: Database) {
    this.#get = database.prepare(`SELECT * FROM hand_merge WHERE thread_id = ?`);
    this.#save = database.prepare(table.replace());
    this.#remove = database.prepare(`DELETE FROM hand_merge WHERE thread_id = ?`);
  }

  ofThread(thread: ThreadId): OpenHandMerge | undefined {
    const row = this.#get.get(thread);
    return row && { threadId: parseId(row.thread_id), target: row.target, begunAt: row.begun_at };
  }

  save(merge: OpenHandMerge): void {
    this.#save.run(table.parameters(merge));
  }

  remove(thread: ThreadId): void {
    this.#remove.run(thread);
  }
}
