import type { Database, Statement } from 'better-sqlite3';
import { member } from '../../base/closedUnion.js';
import { defined } from '../../base/defined.js';
import { parseId, type ThreadId } from '../../base/ids.js';
import type { Preparation, PreparationState, PreparationStore } from '../../core/workspaces/preparation.js';

interface PreparationRow {
  readonly thread_id: string;
  readonly state: string;
  readonly port: number;
  readonly command: string | null;
  readonly exit_code: number | null;
  readonly output: string;
  readonly at: number;
}

const states: readonly PreparationState[] = ['working', 'ready', 'failed', 'skipped'];

export class SqlitePreparationStore implements PreparationStore {
  readonly #of: Statement<[string], PreparationRow>;
  readonly #save: Statement<[PreparationRow]>;
  readonly #ports: Statement<[], { port: number }>;

  constructor(database: Database) {
    this.#of = database.prepare(`SELECT * FROM preparation WHERE thread_id = ?`);
    this.#save = database.prepare(`
      INSERT OR REPLACE INTO preparation (thread_id, state, port, command, exit_code, output, at)
      VALUES (:thread_id, :state, :port, :command, :exit_code, :output, :at)`);
    this.#ports = database.prepare(
      `SELECT port FROM preparation JOIN thread ON thread.id = thread_id WHERE thread.worktree IS NOT NULL`,
    );
  }

  of(thread: ThreadId): Preparation | undefined {
    const row = this.#of.get(thread);
    if (!row) return undefined;
    const { state, port, command, exit_code: exitCode, output, at } = row;
    return {
      thread: parseId(row.thread_id),
      state: member(states, state),
      port,
      output,
      at,
      ...defined({ command, exitCode }),
    };
  }

  save({ thread, state, port, command, exitCode, output, at }: Preparation): void {
    this.#save.run({
      thread_id: thread,
      state,
      port,
      command: command ?? null,
      exit_code: exitCode ?? null,
      output,
      at,
    });
  }

  ports(): readonly number[] {
    return this.#ports.all().map(({ port }) => port);
  }
}
