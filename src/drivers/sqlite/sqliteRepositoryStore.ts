import type { Database, Statement } from 'better-sqlite3';
import { parseId, type ThreadId } from '../../base/ids.js';
import type { KnownRepository, RepositoryPlace, RepositoryStore } from '../../core/workspaces/knownRepository.js';
import { EntityTable, fixed, stored, type RowOf } from './columns.js';

const columns = {
  common_dir: fixed((repository: KnownRepository) => repository.commonDir),
  root: stored((repository: KnownRepository) => repository.root),
  identity: stored((repository: KnownRepository) => repository.identity),
};
type RepositoryRow = RowOf<typeof columns>;
const table = new EntityTable<KnownRepository>('repository', columns);

interface MoveRow {
  readonly root: string;
  readonly common_dir: string;
  readonly new_root: string;
  readonly new_common_dir: string;
}

/** A path below the old root, below the new one. */
const moved = (column: string): string =>
  `CASE WHEN ${below(column)} THEN :new_root || substr(${column}, length(:root) + 1) ELSE ${column} END`;
const below = (column: string): string =>
  `(${column} = :root OR substr(${column}, 1, length(:root) + 1) = :root || '/')`;
const follows = (column: string): string => `CASE WHEN ${column} = :common_dir THEN :new_common_dir ELSE ${column} END`;

export class SqliteRepositoryStore implements RepositoryStore {
  readonly #list: Statement<[], RepositoryRow>;
  readonly #save: Statement<[object]>;
  readonly #remove: Statement<[string]>;
  readonly #threads: Statement<[MoveRow], { id: string }>;
  readonly #moves: readonly Statement<[MoveRow]>[];

  constructor(database: Database) {
    this.#list = database.prepare(`SELECT * FROM repository ORDER BY common_dir`);
    this.#save = database.prepare(table.replace());
    this.#remove = database.prepare(`DELETE FROM repository WHERE common_dir = ?`);
    const ofThread = `(common_dir = :common_dir OR (common_dir IS NULL AND ${below('repository')}))`;
    this.#threads = database.prepare(`
      UPDATE thread SET repository = ${moved('repository')}, common_dir = ${follows('common_dir')}
      WHERE ${ofThread} RETURNING id`);
    const worktree = (field: string): string => `json_extract(worktree_json, '$.${field}')`;
    this.#moves = [
      `UPDATE rescue SET repository = ${moved('repository')} WHERE ${below('repository')}`,
      `UPDATE landing SET common_dir = :new_common_dir, checkout = ${moved('checkout')} WHERE common_dir = :common_dir`,
      `UPDATE worktree_operation SET worktree_json = json_set(
        json_replace(worktree_json, '$.commonDir', ${follows(worktree('commonDir'))}),
        '$.repository', ${moved(worktree('repository'))}) WHERE ${below(worktree('repository'))}`,
    ].map(sql => database.prepare(sql));
  }

  list(): readonly KnownRepository[] {
    return this.#list.all().map(({ common_dir: commonDir, root, identity }) => ({ commonDir, root, identity }));
  }

  save(repository: KnownRepository): void {
    this.#save.run(table.parameters(repository));
  }

  move(from: RepositoryPlace, to: KnownRepository): readonly ThreadId[] {
    const row = { root: from.root, common_dir: from.commonDir, new_root: to.root, new_common_dir: to.commonDir };
    for (const move of this.#moves) move.run(row);
    const threads = this.#threads.all(row).map(({ id }) => parseId<'thread'>(id));
    this.#remove.run(from.commonDir);
    this.save(to);
    return threads;
  }
}
