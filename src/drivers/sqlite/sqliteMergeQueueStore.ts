import type { Database, Statement } from 'better-sqlite3';
import { parseId, type MergeId } from '../../base/ids.js';
import type { MergeQueueStore, QueuedMerge } from '../../core/merges/mergeQueueStore.js';

interface QueueRow {
  readonly merge_id: string;
  readonly lane: string;
  readonly priority: number;
  readonly place: number;
  readonly verify_json: string;
  readonly batch: number;
}

export class SqliteMergeQueueStore implements MergeQueueStore {
  readonly #get: Statement<[string], QueueRow>;
  readonly #save: Statement<[QueueRow]>;
  readonly #remove: Statement<[string]>;
  readonly #list: Statement<[], QueueRow>;

  constructor(database: Database) {
    this.#get = database.prepare(`SELECT * FROM merge_queue WHERE merge_id = ?`);
    this.#save = database.prepare(`
      INSERT OR REPLACE INTO merge_queue (merge_id, lane, priority, place, verify_json, batch)
      VALUES (:merge_id, :lane, :priority, :place, :verify_json, :batch)`);
    this.#remove = database.prepare(`DELETE FROM merge_queue WHERE merge_id = ?`);
    this.#list = database.prepare(`
      SELECT merge_queue.* FROM merge_queue JOIN merge ON merge.id = merge_queue.merge_id
      ORDER BY merge.status = 'queued', priority DESC, place, position`);
  }

  get(merge: MergeId): QueuedMerge | undefined {
    const row = this.#get.get(merge);
    return row && toEntry(row);
  }

  save({ merge, lane, priority, place, verify, batch }: QueuedMerge): void {
    this.#save.run({ merge_id: merge, lane, priority, place, verify_json: JSON.stringify(verify), batch });
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
