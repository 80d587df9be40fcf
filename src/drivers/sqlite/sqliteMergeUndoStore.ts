import type { Database, Statement } from 'better-sqlite3';
import { member } from '../../base/closedUnion.js';
import { parseId, type MergeId, type ThreadId } from '../../base/ids.js';
import type { MergeUndo, MergeUndoStore, UndoKind } from '../../core/merges/mergeUndo.js';
import { EntityTable, fixed, type RowOf } from './columns.js';

const columns = {
  merge_id: fixed((undo: MergeUndo) => undo.merge),
  kind: fixed((undo: MergeUndo) => undo.kind),
  commit_sha: fixed((undo: MergeUndo) => undo.commit),
  at: fixed((undo: MergeUndo) => undo.at),
};
type UndoRow = RowOf<typeof columns>;
const table = new EntityTable<MergeUndo>('merge_undo', columns);

const kinds: readonly UndoKind[] = ['restored', 'reverted'];

export class SqliteMergeUndoStore implements MergeUndoStore {
  readonly #get: Statement<[string], UndoRow>;
  readonly #save: Statement<[object]>;
  readonly #since: Statement<[string, number]>;

  constructor(database: Database) {
    this.#get = database.prepare(`SELECT * FROM merge_undo WHERE merge_id = ?`);
    this.#save = database.prepare(table.replace());
    this.#since = database.prepare(
      `SELECT 1 FROM merge JOIN merge_undo ON merge_id = merge.id WHERE thread_id = ? AND at >= ? LIMIT 1`,
    );
  }

  get(merge: MergeId): MergeUndo | undefined {
    const row = this.#get.get(merge);
    return row && { merge: parseId(row.merge_id), kind: member(kinds, row.kind), commit: row.commit_sha, at: row.at };
  }

  since(thread: ThreadId, time: number): boolean {
    return this.#since.get(thread, time) !== undefined;
  }

  save(undo: MergeUndo): void {
    this.#save.run(table.parameters(undo));
  }
}
