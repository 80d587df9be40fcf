import type { Database, Statement } from 'better-sqlite3';
import { member } from '../../base/closedUnion.js';
import { defined } from '../../base/defined.js';
import { parseId } from '../../base/ids.js';
import { EntityTable, fixed, stored, type RowOf } from './columns.js';
import type { SpareId, SpareWorktree, SpareWorktreeStore } from '../../core/workspaces/spareWorktree.js';

const columns = {
  id: fixed((spare: SpareWorktree) => spare.id),
  state: stored((spare: SpareWorktree) => spare.state),
  repository: fixed((spare: SpareWorktree) => spare.repository),
  common_dir: stored((spare: SpareWorktree) => spare.commonDir),
  path: fixed((spare: SpareWorktree) => spare.path),
  registered_as: stored((spare: SpareWorktree) => spare.registeredAs),
  base: stored((spare: SpareWorktree) => spare.base ?? null),
  commit_sha: stored((spare: SpareWorktree) => spare.commit),
  settings: stored((spare: SpareWorktree) => spare.settings),
  note: stored((spare: SpareWorktree) => spare.note ?? null),
  made_at: stored((spare: SpareWorktree) => spare.madeAt),
};
type SpareRow = RowOf<typeof columns>;
const table = new EntityTable<SpareWorktree>('spare_worktree', columns);

const states = ['making', 'ready', 'claimed', 'touched'] as const;

export class SqliteSpareWorktreeStore implements SpareWorktreeStore {
  readonly #list: Statement<[], SpareRow>;
  readonly #save: Statement<[object]>;
  readonly #remove: Statement<[string]>;

  constructor(database: Database) {
    this.#list = database.prepare(`SELECT * FROM spare_worktree ORDER BY made_at, id`);
    this.#save = database.prepare(table.replace());
    this.#remove = database.prepare(`DELETE FROM spare_worktree WHERE id = ?`);
  }

  list(): readonly SpareWorktree[] {
    return this.#list.all().map(row => ({
      id: parseId<'spare'>(row.id),
      state: member(states, row.state),
      repository: row.repository,
      commonDir: row.common_dir,
      path: row.path,
      registeredAs: row.registered_as,
      commit: row.commit_sha,
      settings: row.settings,
      madeAt: row.made_at,
      ...defined({ base: row.base, note: row.note }),
    }));
  }

  save(spare: SpareWorktree): void {
    this.#save.run(table.parameters(spare));
  }

  remove(id: SpareId): void {
    this.#remove.run(id);
  }
}
