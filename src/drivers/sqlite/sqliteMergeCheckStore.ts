import type { Database, Statement } from 'better-sqlite3';
import { defined } from '../../base/defined.js';
import { parseId, type MergeId } from '../../base/ids.js';
import type { MergeCheck, MergeCheckStore } from '../../core/merges/mergeCheck.js';

interface CheckRow {
  readonly merge_id: string;
  readonly number: number;
  readonly attempt: number;
  readonly command: string;
  readonly candidate: string;
  readonly exit_code: number | null;
  readonly signal: string | null;
  readonly output: string;
  readonly truncated: number;
  readonly started_at: number;
  readonly ended_at: number | null;
}

export class SqliteMergeCheckStore implements MergeCheckStore {
  readonly #save: Statement<[CheckRow]>;
  readonly #ofMerge: Statement<[string], CheckRow>;

  constructor(database: Database) {
    this.#save = database.prepare(`
      INSERT OR REPLACE INTO merge_check (merge_id, number, attempt, command, candidate, exit_code, signal, output, truncated, started_at, ended_at)
      VALUES (:merge_id, :number, :attempt, :command, :candidate, :exit_code, :signal, :output, :truncated, :started_at, :ended_at)`);
    this.#ofMerge = database.prepare(`SELECT * FROM merge_check WHERE merge_id = ? ORDER BY number`);
  }

  save(check: MergeCheck): void {
    this.#save.run({
      merge_id: check.merge,
      number: check.number,
      attempt: check.attempt,
      command: check.command,
      candidate: check.candidate,
      exit_code: check.exitCode ?? null,
      signal: check.signal ?? null,
      output: check.output,
      truncated: check.truncated ? 1 : 0,
      started_at: check.startedAt,
      ended_at: check.endedAt ?? null,
    });
  }

  ofMerge(merge: MergeId): readonly MergeCheck[] {
    return this.#ofMerge.all(merge).map(row => ({
      merge: parseId(row.merge_id),
      number: row.number,
      attempt: row.attempt,
      command: row.command,
      candidate: row.candidate,
      output: row.output,
      truncated: row.truncated === 1,
      startedAt: row.started_at,
      ...defined({ exitCode: row.exit_code, signal: row.signal, endedAt: row.ended_at }),
    }));
  }
}
