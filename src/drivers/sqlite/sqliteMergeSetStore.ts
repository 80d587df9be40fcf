import type { Database, Statement } from 'better-sqlite3';
import { member } from '../../base/closedUnion.js';
import { defined } from '../../base/defined.js';
import { parseId, type MergeId } from '../../base/ids.js';
import { mergeSetSteps, type MergeSet, type MergeSetMember, type MergeSetStore } from '../../core/merges/mergeSet.js';
import { EntityTable, fixed, stored, type RowOf, type SqlValue } from './columns.js';

/** A member of a set with its place there. */
type PlacedMember = MergeSetMember & { readonly set: MergeId; readonly position: number };

const columns = {
  merge_id: fixed(({ merge }: PlacedMember) => merge),
  set_id: fixed(({ set }: PlacedMember) => set),
  position: fixed(({ position }: PlacedMember) => position),
  name: fixed(({ name }: PlacedMember) => name),
  verify: fixed(({ verify }: PlacedMember) => JSON.stringify(verify)),
  undo_id: fixed(({ undo }: PlacedMember) => undo),
  from_commit: stored(({ from }: PlacedMember) => from ?? null),
  to_commit: stored(({ to }: PlacedMember) => to ?? null),
  landed: stored(({ landed }: PlacedMember) => (landed ? 1 : 0)),
};
const table = new EntityTable<PlacedMember>('merge_set_member', columns);

type MemberRow = RowOf<typeof columns>;

interface SetRow {
  readonly id: string;
  readonly step: string;
}

export class SqliteMergeSetStore implements MergeSetStore {
  readonly #ofMerge: Statement<[string], SetRow>;
  readonly #members: Statement<[string], MemberRow>;
  readonly #save: Statement<[string, string]>;
  readonly #saveMember: Statement<[Readonly<Record<string, SqlValue>>]>;

  constructor(database: Database) {
    this.#ofMerge = database.prepare(
      `SELECT * FROM merge_set WHERE id = (SELECT set_id FROM merge_set_member WHERE merge_id = ?)`,
    );
    this.#members = database.prepare(`SELECT * FROM merge_set_member WHERE set_id = ? ORDER BY position`);
    this.#save = database.prepare(`
      INSERT INTO merge_set (id, step) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET step = excluded.step`);
    this.#saveMember = database.prepare(table.replace());
  }

  ofMerge(merge: MergeId): MergeSet | undefined {
    const row = this.#ofMerge.get(merge);
    return row && this.#toSet(row);
  }

  save({ id, step, members }: MergeSet): void {
    this.#save.run(id, step);
    for (const [position, each] of members.entries())
      this.#saveMember.run(table.parameters({ ...each, set: id, position }));
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
