import type { Database, Statement } from 'better-sqlite3';
import { member } from '../../base/closedUnion.js';
import { parseId, type RunId, type ThreadId } from '../../base/ids.js';
import type { RunDelay, RunDelayStore } from '../../core/runs/runDelay.js';
import { EntityTable, fixed, stored, type RowOf } from './columns.js';

const columns = {
  run_id: fixed((delay: RunDelay) => delay.runId),
  due_at: stored((delay: RunDelay) => delay.dueAt),
  reason: stored((delay: RunDelay) => delay.reason),
};
type DelayRow = RowOf<typeof columns>;
const table = new EntityTable<RunDelay>('run_delay', columns);

const reasons: readonly RunDelay['reason'][] = ['retry', 'scheduled'];

export class SqliteRunDelayStore implements RunDelayStore {
  readonly #put: Statement<[object]>;
  readonly #of: Statement<[string], DelayRow>;
  readonly #retriesIn: Statement<[string], DelayRow>;
  readonly #pending: Statement<[number], DelayRow>;

  constructor(database: Database) {
    const queued = `SELECT run_delay.* FROM run_delay JOIN run ON run.id = run_id WHERE run.status = 'queued'`;
    this.#put = database.prepare(table.replace());
    this.#of = database.prepare(`${queued} AND run_id = ?`);
    this.#retriesIn = database.prepare(`${queued} AND run.thread_id = ? AND reason = 'retry'`);
    this.#pending = database.prepare(`${queued} AND due_at > ? ORDER BY due_at`);
  }

  put(delay: RunDelay): void {
    this.#put.run(table.parameters(delay));
  }

  of(run: RunId): RunDelay | undefined {
    const row = this.#of.get(run);
    return row && toDelay(row);
  }

  retriesIn(thread: ThreadId): readonly RunDelay[] {
    return this.#retriesIn.all(thread).map(toDelay);
  }

  pending(now: number): readonly RunDelay[] {
    return this.#pending.all(now).map(toDelay);
  }
}

function toDelay(row: DelayRow): RunDelay {
  return { runId: parseId(row.run_id), dueAt: row.due_at, reason: member(reasons, row.reason) };
}
