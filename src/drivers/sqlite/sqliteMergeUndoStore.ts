import type { Database, Statement } from 'better-sqlite3';
import { member } from '../../base/closedUnion.js';
import { parseId, type MergeId, type ThreadId } from '../../base/ids.js';
import type { MergeUndo, MergeUndoStore, UndoKind } from '../../core/merges/mergeUndo.js';

interface UndoRow {
  readonly merge_id: string;
  readonly kind: string;
  readonly commit_sha: string;
  readonly at: number;
}

const kinds: readonly UndoKind[] = ['restored', 'reverted'];

export class SqliteMergeUndoStore implements MergeUndoStore {
  readonly #get: Statement<[string], UndoRow>;
  readonly #save: Statement<[UndoRow]>;
  readonly #since: Statement<[string, number]>;

  constructor(database: Database) {
    this.#get = database.prepare(`SELECT * FROM merge_undo WHERE merge_id = ?`);
    this.#save = database.prepare(
      `INSERT OR REPLACE INTO merge_undo (merge_id, kind, commit_sha, at) VALUES (:merge_id, :kind, :commit_sha, :at)`,
    );
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

  save({ merge, kind, commit, at }: MergeUndo): void {
    this.#save.run({ merge_id: merge, kind, commit_sha: commit, at });
  }
}
