import type { Database, Statement } from 'better-sqlite3';
import { member } from '../../base/closedUnion.js';
import { defined } from '../../base/defined.js';
import { parseId, type MergeId } from '../../base/ids.js';
import { landingSteps, type Landing, type LandingJournal } from '../../core/merges/landing.js';

interface LandingRow {
  readonly merge_id: string;
  readonly step: string;
  readonly common_dir: string;
  readonly target: string;
  readonly from_commit: string;
  readonly to_commit: string;
  readonly checkout: string | null;
  readonly pid: number | null;
  readonly start_time: string | null;
  readonly at: number;
  readonly back: number;
}

export class SqliteLandingStore implements LandingJournal {
  readonly #save: Statement<[LandingRow]>;
  readonly #get: Statement<[string], LandingRow>;
  readonly #remove: Statement<[string]>;
  readonly #unfinished: Statement<[], LandingRow>;

  constructor(database: Database) {
    this.#save = database.prepare(`
      INSERT OR REPLACE INTO landing (merge_id, step, common_dir, target, from_commit, to_commit, checkout, pid, start_time, at, back)
      VALUES (:merge_id, :step, :common_dir, :target, :from_commit, :to_commit, :checkout, :pid, :start_time, :at, :back)`);
    this.#get = database.prepare(`SELECT * FROM landing WHERE merge_id = ?`);
    this.#remove = database.prepare(`DELETE FROM landing WHERE merge_id = ?`);
    this.#unfinished = database.prepare(`SELECT * FROM landing WHERE step <> 'done' ORDER BY at`);
  }

  get(merge: MergeId): Landing | undefined {
    const row = this.#get.get(merge);
    return row && toLanding(row);
  }

  save(landing: Landing): void {
    this.#save.run({
      merge_id: landing.merge,
      step: landing.step,
      common_dir: landing.commonDir,
      target: landing.target,
      from_commit: landing.from,
      to_commit: landing.to,
      checkout: landing.checkout ?? null,
      pid: landing.process?.pid ?? null,
      start_time: landing.process?.startTime ?? null,
      at: landing.at,
      back: landing.back === true ? 1 : 0,
    });
  }

  remove(merge: MergeId): void {
    this.#remove.run(merge);
  }

  unfinished(): readonly Landing[] {
    return this.#unfinished.all().map(toLanding);
  }
}

function toLanding(row: LandingRow): Landing {
  return {
    merge: parseId(row.merge_id),
    step: member(landingSteps, row.step),
    commonDir: row.common_dir,
    target: row.target,
    from: row.from_commit,
    to: row.to_commit,
    at: row.at,
    ...(row.back === 1 ? { back: true as const } : {}),
    ...defined({ checkout: row.checkout }),
    ...(row.pid === null ? {} : { process: { pid: row.pid, startTime: row.start_time ?? '' } }),
  };
}
