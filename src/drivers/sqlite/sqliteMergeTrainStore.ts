import type { Database, Statement } from 'better-sqlite3';
import { parseId, type MergeId } from '../../base/ids.js';
import type { MergeTrain, MergeTrainStore, TrainCar } from '../../core/merges/mergeTrain.js';

interface CarRow {
  readonly train_id: string;
  readonly position: number;
  readonly merge_id: string;
  readonly from_commit: string;
  readonly to_commit: string;
}

export class SqliteMergeTrainStore implements MergeTrainStore {
  readonly #insert: Statement<[Omit<CarRow, 'position'>]>;
  readonly #ofMerge: Statement<[string], CarRow>;

  constructor(database: Database) {
    this.#insert = database.prepare(`
      INSERT INTO merge_train_car (train_id, merge_id, from_commit, to_commit)
      VALUES (:train_id, :merge_id, :from_commit, :to_commit)`);
    this.#ofMerge = database.prepare(`
      SELECT * FROM merge_train_car WHERE train_id IN (SELECT train_id FROM merge_train_car WHERE merge_id = ?)
      ORDER BY position`);
  }

  insert({ id, cars }: MergeTrain): void {
    for (const { merge, from, to } of cars) {
      this.#insert.run({ train_id: id, merge_id: merge, from_commit: from, to_commit: to });
    }
  }

  ofMerge(merge: MergeId): readonly MergeTrain[] {
    const rows = this.#ofMerge.all(merge);
    return [...Map.groupBy(rows, row => row.train_id)].map(([id, cars]) => ({
      id: parseId<'merge'>(id),
      cars: cars.map((row): TrainCar => ({ merge: parseId(row.merge_id), from: row.from_commit, to: row.to_commit })),
    }));
  }
}
