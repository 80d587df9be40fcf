import type { Database, Statement } from 'better-sqlite3';
import { member } from '../../base/closedUnion.js';
import { defined } from '../../base/defined.js';
import { parseId, type MergeId } from '../../base/ids.js';
import { mergeSetSteps, type MergeSet, type MergeSetMember, type MergeSetStore } from '../../core/merges/mergeSet.js';

interface MemberRow {
  readonly merge_id: string;
  readonly set_id: string;
  readonly name: string;
  readonly verify: string;
  readonly undo_id: string;
  readonly from_commit: string | null;
  readonly to_commit: string | null;
  readonly landed: number;
}

interface SetRow {
  readonly id: string;
  readonly step: string;
}

export class SqliteMergeSetStore implements MergeSetStore {
  readonly #ofMerge: Statement<[string], SetRow>;
  readonly #members: Statement<[string], MemberRow>;
  readonly #save: Statement<[string, string]>;
  readonly #saveMember: Statement<[MemberRow & { readonly position: number }]>;

  constructor(database: Database) {
    this.#ofMerge = database.prepare(
      `SELECT * FROM merge_set WHERE id = (SELECT set_id FROM merge_set_member WHERE merge_id = ?)`,
    );
    this.#members = database.prepare(`SELECT * FROM merge_set_member WHERE set_id = ? ORDER BY position`);
    this.#save = database.prepare(`
      INSERT INTO merge_set (id, step) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET step = excluded.step`);
    this.#saveMember = database.prepare(`
      INSERT OR REPLACE INTO merge_set_member
        (merge_id, set_id, position, name, verify, undo_id, from_commit, to_commit, landed) VALUES
        (:merge_id, :set_id, :position, :name, :verify, :undo_id, :from_commit, :to_commit, :landed)`);
  }

  ofMerge(merge: MergeId): MergeSet | undefined {
    const row = this.#ofMerge.get(merge);
    return row && this.#toSet(row);
  }

  save({ id, step, members }: MergeSet): void {
    this.#save.run(id, step);
    for (const [position, { merge, name, verify, undo, from, to, landed }] of members.entries()) {
      this.#saveMember.run({
        merge_id: merge,
        set_id: id,
        position,
        name,
        verify: JSON.stringify(verify),
        undo_id: undo,
        from_commit: from ?? null,
        to_commit: to ?? null,
        landed: landed ? 1 : 0,
      });
    }
  }

  #toSet({ id, step }: SetRow): MergeSet {
    return {
      id: parseId(id),
      step: member(mergeSetSteps, step),
      members: this.#members.all(id).map(toMember),
    };
  }
}

function textsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter(each => typeof each === 'string') : [];
}

function toMember(row: MemberRow): MergeSetMember {
  return {
    merge: parseId(row.merge_id),
    name: row.name,
    verify: textsOf(JSON.parse(row.verify)),
    undo: parseId(row.undo_id),
    landed: row.landed === 1,
    ...defined({ from: row.from_commit, to: row.to_commit }),
  };
}
