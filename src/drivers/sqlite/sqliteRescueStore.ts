import type { Database, Statement } from 'better-sqlite3';
import { defined } from '../../base/defined.js';
import { parseId, type ThreadId } from '../../base/ids.js';
import type { Rescue, RescueId } from '../../core/workspaces/rescue.js';
import type { RescueStore } from '../../core/workspaces/rescueStore.js';
import { JsonFields, parseTexts } from '../../base/jsonFields.js';
import { EntityTable, fixed, stored, type RowOf } from './columns.js';

const columns = {
  id: fixed((rescue: Rescue) => rescue.id),
  thread_id: fixed((rescue: Rescue) => rescue.threadId),
  repository: fixed((rescue: Rescue) => rescue.repository),
  ref: fixed((rescue: Rescue) => rescue.ref),
  commit_sha: fixed((rescue: Rescue) => rescue.commit),
  branch: fixed((rescue: Rescue) => rescue.branch),
  path: fixed((rescue: Rescue) => rescue.path),
  head: fixed((rescue: Rescue) => rescue.head),
  created_at: fixed((rescue: Rescue) => rescue.createdAt),
  archived: fixed((rescue: Rescue) => (rescue.archived ? 1 : 0)),
  work_json: fixed(({ index, files, untracked, conflicts }: Rescue) =>
    JSON.stringify({ index, files, untracked, conflicts }),
  ),
  contents_json: fixed(({ nested, refused, submodules, made }: Rescue) =>
    JSON.stringify({ nested, refused, submodules, made }),
  ),
  leftover_json: stored((rescue: Rescue) => JSON.stringify(rescue.leftover)),
};
type RescueRow = RowOf<typeof columns>;
const table = new EntityTable<Rescue>('rescue', columns);

export class SqliteRescueStore implements RescueStore {
  readonly #get: Statement<[string], RescueRow>;
  readonly #byRef: Statement<[string, string], RescueRow>;
  readonly #insert: Statement<[object]>;
  readonly #saveLeftover: Statement<[string, string]>;
  readonly #delete: Statement<[string]>;
  readonly #ofThread: Statement<[string], RescueRow>;
  readonly #before: Statement<[number], RescueRow>;
  readonly #ids: Statement<[], { id: string }>;

  constructor(database: Database) {
    this.#get = database.prepare(`SELECT * FROM rescue WHERE id = ?`);
    this.#byRef = database.prepare(`SELECT * FROM rescue WHERE repository = ? AND ref = ?`);
    this.#insert = database.prepare(table.insert());
    this.#saveLeftover = database.prepare(`UPDATE rescue SET leftover_json = ? WHERE id = ?`);
    this.#delete = database.prepare(`DELETE FROM rescue WHERE id = ?`);
    this.#ofThread = database.prepare(`SELECT * FROM rescue WHERE thread_id = ? ORDER BY created_at`);
    this.#before = database.prepare(`SELECT * FROM rescue WHERE created_at < ? ORDER BY created_at`);
    this.#ids = database.prepare(`SELECT id FROM rescue`);
  }

  get(id: RescueId): Rescue | undefined {
    const row = this.#get.get(id);
    return row && toRescue(row);
  }

  byRef(repository: string, ref: string): Rescue | undefined {
    const row = this.#byRef.get(repository, ref);
    return row && toRescue(row);
  }

  insert(rescue: Rescue): void {
    this.#insert.run(table.parameters(rescue));
  }

  saveLeftover(id: RescueId, leftover: readonly string[]): void {
    this.#saveLeftover.run(JSON.stringify(leftover), id);
  }

  delete(id: RescueId): void {
    this.#delete.run(id);
  }

  ofThread(thread: ThreadId): readonly Rescue[] {
    return this.#ofThread.all(thread).map(toRescue);
  }

  before(createdAt: number): readonly Rescue[] {
    return this.#before.all(createdAt).map(toRescue);
  }

  ids(): readonly RescueId[] {
    return this.#ids.all().map(row => parseId(row.id));
  }
}

function toRescue(row: RescueRow): Rescue {
  const work = JsonFields.parse(row.work_json);
  const contents = JsonFields.parse(row.contents_json);
  return {
    id: parseId(row.id),
    threadId: parseId(row.thread_id),
    repository: row.repository,
    ref: row.ref,
    commit: row.commit_sha,
    branch: row.branch,
    path: row.path,
    head: row.head,
    createdAt: row.created_at,
    archived: row.archived !== 0,
    nested: contents.texts('nested'),
    made: contents.texts('made'),
    refused: contents.texts('refused'),
    submodules: contents
      .list('submodules')
      .map(each => ({ path: each.text('path') ?? '', directory: each.text('directory') ?? '' })),
    leftover: parseTexts(row.leftover_json),
    ...defined({
      index: work.text('index'),
      files: work.text('files'),
      untracked: work.text('untracked'),
      conflicts: work.text('conflicts'),
    }),
  };
}
