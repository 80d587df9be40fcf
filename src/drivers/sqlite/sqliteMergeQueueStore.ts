import type { Database, Statement } from 'better-sqlite3';
import { parseId, type MergeId } from '../../base/ids.js';
import type { MergeQueueStore, QueuedMerge } from '../../core/merges/mergeQueueStore.js';
import { EntityTable, fixed, stored, type RowOf } from './columns.js';

const columns = {
  merge_id: fixed((entry: QueuedMerge) => entry.merge),
  lane: stored((entry: QueuedMerge) => entry.lane),
  priority: stored((entry: QueuedMerge) => entry.priority),
  place: stored((entry: QueuedMerge) => entry.place),
  verify_json: stored((entry: QueuedMerge) => JSON.stringify(entry.verify)),
  batch: stored((entry: QueuedMerge) => entry.batch),
};
type QueueRow = RowOf<typeof columns>;
const table = new EntityTable<QueuedMerge>('merge_queue', columns);

export class SqliteMergeQueueStore implements MergeQueueStore {
  readonly #get: Statement<[string], QueueRow>;
  readonly #save: Statement<[object]>;
  readonly #remove: Statement<[string]>;
  readonly #list: Statement<[], QueueRow>;

  constructor(database: Database) {
    this.#get = database.prepare(`SELECT * FROM merge_queue WHERE merge_id = ?`);
    this.#save = database.prepare(table.replace());
    this.#remove = database.prepare(`DELETE FROM merge_queue WHERE merge_id = ?`);
    this.#list = database.prepare(`
      SELECT merge_queue.* FROM merge_queue JOIN merge ON merge.id = merge_queue.merge_id
      ORDER BY merge.status = 'queued', priority DESC, place, position`);
  }

  get(merge: MergeId): QueuedMerge | undefined {
    const row = this.#get.get(merge);
    return row && toEntry(row);
  }

  save(entry: QueuedMerge): void {
    this.#save.run(table.parameters(entry));
  }

  remove(merge: MergeId): void {
    this.#remove.run(merge);
  }

  list(): readonly QueuedMerge[] {
    return this.#list.all().map(toEntry);
  }
}

function toEntry(row: QueueRow): QueuedMerge {
  const verify: unknown = JSON.parse(row.verify_json);
  return {
    merge: parseId(row.merge_id),
    lane: row.lane,
    priority: row.priority,
    place: row.place,
    verify: Array.isArray(verify) ? verify.map(String) : [],
    batch: row.batch,
  };
}
