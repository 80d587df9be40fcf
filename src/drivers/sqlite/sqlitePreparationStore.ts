import type { Database, Statement } from 'better-sqlite3';
import { member } from '../../base/closedUnion.js';
import { defined } from '../../base/defined.js';
import { parseId, type ThreadId } from '../../base/ids.js';
import type { Preparation, PreparationState, PreparationStore } from '../../core/workspaces/preparation.js';
import { EntityTable, fixed, stored, type RowOf } from './columns.js';

const columns = {
  thread_id: fixed((preparation: Preparation) => preparation.thread),
  state: stored((preparation: Preparation) => preparation.state),
  port: stored((preparation: Preparation) => preparation.port),
  command: stored((preparation: Preparation) => preparation.command ?? null),
  exit_code: stored((preparation: Preparation) => preparation.exitCode ?? null),
  output: stored((preparation: Preparation) => preparation.output),
  at: stored((preparation: Preparation) => preparation.at),
};
type PreparationRow = RowOf<typeof columns>;
const table = new EntityTable<Preparation>('preparation', columns);

const states: readonly PreparationState[] = ['waiting', 'working', 'ready', 'failed', 'skipped'];

export class SqlitePreparationStore implements PreparationStore {
  readonly #of: Statement<[string], PreparationRow>;
  readonly #save: Statement<[object]>;
  readonly #ports: Statement<[], { port: number }>;

  constructor(database: Database) {
    this.#of = database.prepare(`SELECT * FROM preparation WHERE thread_id = ?`);
    this.#save = database.prepare(table.replace());
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

  save(preparation: Preparation): void {
    this.#save.run(table.parameters(preparation));
  }

  ports(): readonly number[] {
    return this.#ports.all().map(({ port }) => port);
  }
}
