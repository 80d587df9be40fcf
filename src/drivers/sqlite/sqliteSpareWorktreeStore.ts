import type { Database, Statement } from 'better-sqlite3';
import { member } from '../../base/closedUnion.js';
import { defined } from '../../base/defined.js';
import { parseId } from '../../base/ids.js';
import type { SpareId, SpareWorktree, SpareWorktreeStore } from '../../core/workspaces/spareWorktree.js';

interface SpareRow {
  readonly id: string;
  readonly state: string;
  readonly repository: string;
  readonly common_dir: string;
  readonly path: string;
  readonly registered_as: string;
  readonly base: string | null;
  readonly commit_sha: string;
  readonly settings: string;
  readonly note: string | null;
  readonly made_at: number;
}

const states = ['making', 'ready', 'claimed', 'touched'] as const;

export class SqliteSpareWorktreeStore implements SpareWorktreeStore {
  readonly #list: Statement<[], SpareRow>;
  readonly #save: Statement<[SpareRow]>;
  readonly #remove: Statement<[string]>;

  constructor(database: Database) {
    this.#list = database.prepare(`SELECT * FROM spare_worktree ORDER BY made_at, id`);
    this.#save = database.prepare(`
      INSERT OR REPLACE INTO spare_worktree
        (id, state, repository, common_dir, path, registered_as, base, commit_sha, settings, note, made_at)
      VALUES (:id, :state, :repository, :common_dir, :path, :registered_as, :base, :commit_sha, :settings, :note, :made_at)`);
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
    this.#save.run({
      id: spare.id,
      state: spare.state,
      repository: spare.repository,
      common_dir: spare.commonDir,
      path: spare.path,
      registered_as: spare.registeredAs,
      base: spare.base ?? null,
      commit_sha: spare.commit,
      settings: spare.settings,
      note: spare.note ?? null,
      made_at: spare.madeAt,
    });
  }

  remove(id: SpareId): void {
    this.#remove.run(id);
  }
}
