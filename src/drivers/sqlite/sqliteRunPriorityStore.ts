import type { Database, Statement } from 'better-sqlite3';
import { parseId, type RunId } from '../../base/ids.js';
import type { PreferredRun, RunPriorityStore } from '../../core/runs/runPriority.js';
import { EntityTable, fixed, stored } from './columns.js';

interface RunPriority {
  readonly run: RunId;
  readonly priority: number;
}

const table = new EntityTable<RunPriority>('run_priority', {
  run_id: fixed((each: RunPriority) => each.run),
  priority: stored((each: RunPriority) => each.priority),
});

interface PreferredRow {
  readonly id: string;
  readonly thread_id: string;
  readonly project_id: string;
  readonly agent: string;
  readonly position: number;
  readonly priority: number;
}

/** The table `run_priority`, which mostly is empty: what has started needs none. */
export class SqliteRunPriorityStore implements RunPriorityStore {
  readonly #put: Statement<[object]>;
  readonly #dropStarted: Statement<[]>;
  readonly #waiting: Statement<[], PreferredRow>;

  constructor(database: Database) {
    this.#put = database.prepare(table.replace());
    this.#dropStarted = database.prepare(
      `DELETE FROM run_priority WHERE NOT EXISTS (SELECT 1 FROM run WHERE run.id = run_id AND run.status = 'queued')`,
    );
    this.#waiting = database.prepare(`
      SELECT run.id, run.thread_id, run.agent, run.position, thread.project_id, priority
      FROM run_priority JOIN run ON run.id = run_id JOIN thread ON thread.id = run.thread_id
      WHERE run.status = 'queued' ORDER BY priority DESC, run.position`);
  }

  put(run: RunId, priority: number): void {
    this.#dropStarted.run();
    this.#put.run(table.parameters({ run, priority }));
  }

  waiting(): readonly PreferredRun[] {
    return this.#waiting.all().map(({ id, thread_id, project_id, agent, position, priority }) => ({
      ...{ id: parseId(id), threadId: parseId(thread_id), projectId: parseId(project_id) },
      ...{ agent, position, priority },
    }));
  }
}
