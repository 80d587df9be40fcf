import type { Database, Statement } from 'better-sqlite3';
import { member } from '../../base/closedUnion.js';
import { defined } from '../../base/defined.js';
import { parseId, type MergeId } from '../../base/ids.js';
import { landingSteps, type Landing, type LandingJournal } from '../../core/merges/landing.js';
import { EntityTable, fixed, stored, type RowOf } from './columns.js';

const columns = {
  merge_id: fixed((landing: Landing) => landing.merge),
  step: stored((landing: Landing) => landing.step),
  common_dir: stored((landing: Landing) => landing.commonDir),
  target: stored((landing: Landing) => landing.target),
  from_commit: stored((landing: Landing) => landing.from),
  to_commit: stored((landing: Landing) => landing.to),
  checkout: stored((landing: Landing) => landing.checkout ?? null),
  pid: stored((landing: Landing) => landing.process?.pid ?? null),
  start_time: stored((landing: Landing) => landing.process?.startTime ?? null),
  at: stored((landing: Landing) => landing.at),
  back: stored((landing: Landing) => (landing.back === true ? 1 : 0)),
};
type LandingRow = RowOf<typeof columns>;
const table = new EntityTable<Landing>('landing', columns);

export class SqliteLandingStore implements LandingJournal {
  readonly #save: Statement<[object]>;
  readonly #get: Statement<[string], LandingRow>;
  readonly #remove: Statement<[string]>;
  readonly #unfinished: Statement<[], LandingRow>;

  constructor(database: Database) {
    this.#save = database.prepare(table.replace());
    this.#get = database.prepare(`SELECT * FROM landing WHERE merge_id = ?`);
    this.#remove = database.prepare(`DELETE FROM landing WHERE merge_id = ?`);
    this.#unfinished = database.prepare(`SELECT * FROM landing WHERE step <> 'done' ORDER BY at`);
  }

  get(merge: MergeId): Landing | undefined {
    const row = this.#get.get(merge);
    return row && toLanding(row);
  }

  save(landing: Landing): void {
    this.#save.run(table.parameters(landing));
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
