import type { Database, Statement } from 'better-sqlite3';
import { member } from '../../base/closedUnion.js';
import { parseId, type RunId, type ThreadId } from '../../base/ids.js';
import type { Awaited, BatchStore } from '../../core/batches/batch.js';
import type { ThreadOutcome } from '../../core/threads/thread.js';

const outcomes: readonly ThreadOutcome[] = ['open', 'completed', 'failed', 'abandoned'];
/** As many as a list to choose from can hold. */
const maxNames = 200;

export class SqliteBatchStore implements BatchStore {
  readonly #join: Statement<[string, string]>;
  readonly #of: Statement<[string], { batch: string }>;
  readonly #threads: Statement<[string], { id: string }>;
  readonly #names: Statement<[number], { batch: string }>;
  readonly #depend: Statement<[string, string]>;
  readonly #awaited: Statement<[string], { thread_id: string; outcome: string; failed: number }>;
  readonly #dependencies: Statement<[string], { thread_id: string }>;
  readonly #waits: Statement<[], { found: number }>;
  readonly #blocked: Statement<[], { run_id: string }>;

  constructor(database: Database) {
    this.#join = database.prepare(`INSERT OR REPLACE INTO thread_batch (thread_id, batch) VALUES (?, ?)`);
    this.#of = database.prepare(`SELECT batch FROM thread_batch WHERE thread_id = ?`);
    this.#threads = database.prepare(`
      SELECT thread.id FROM thread_batch JOIN thread ON thread.id = thread_id WHERE batch = ? ORDER BY created_at, thread.id`);
    this.#names = database.prepare(`
      SELECT batch FROM thread_batch JOIN thread ON thread.id = thread_id GROUP BY batch ORDER BY MAX(created_at) DESC LIMIT ?`);
    this.#depend = database.prepare(`INSERT OR IGNORE INTO run_dependency (run_id, thread_id) VALUES (?, ?)`);
    this.#awaited = database.prepare(`
      SELECT run_dependency.thread_id, thread.outcome, COALESCE(
        (SELECT last.status IN ('failed', 'timed_out', 'lost') FROM run AS last WHERE last.thread_id = thread.id
          ORDER BY last.queued_at DESC, last.id DESC LIMIT 1), 0) AS failed
      FROM run_dependency JOIN thread ON thread.id = run_dependency.thread_id
      JOIN run ON run.id = run_id WHERE run_id = ? AND run.status = 'queued' AND thread.outcome <> 'completed'`);
    this.#dependencies = database.prepare(`
      SELECT DISTINCT run_dependency.thread_id FROM run_dependency JOIN run ON run.id = run_id
      WHERE run.status = 'queued' AND run.thread_id = ?`);
    this.#waits = database.prepare(
      `SELECT 1 AS found FROM run_dependency JOIN run ON run.id = run_id WHERE run.status = 'queued' LIMIT 1`,
    );
    this.#blocked = database.prepare(`
      SELECT DISTINCT run_id FROM run_dependency JOIN run ON run.id = run_id
      JOIN thread ON thread.id = run_dependency.thread_id WHERE run.status = 'queued' AND thread.outcome <> 'completed'`);
  }

  join(thread: ThreadId, batch: string): void {
    this.#join.run(thread, batch);
  }

  of(thread: ThreadId): string | undefined {
    return this.#of.get(thread)?.batch;
  }

  threads(batch: string): readonly ThreadId[] {
    return this.#threads.all(batch).map(row => parseId(row.id));
  }

  names(): readonly string[] {
    return this.#names.all(maxNames).map(row => row.batch);
  }

  depend(run: RunId, on: ThreadId): void {
    this.#depend.run(run, on);
  }

  awaited(run: RunId): readonly Awaited[] {
    return this.#awaited.all(run).map(row => ({
      threadId: parseId(row.thread_id),
      outcome: member(outcomes, row.outcome),
      failed: row.failed === 1,
    }));
  }

  dependencies(thread: ThreadId): readonly ThreadId[] {
    return this.#dependencies.all(thread).map(row => parseId(row.thread_id));
  }

  waits(): boolean {
    return this.#waits.get() !== undefined;
  }

  blocked(): readonly RunId[] {
    return this.#blocked.all().map(row => parseId(row.run_id));
  }
}
