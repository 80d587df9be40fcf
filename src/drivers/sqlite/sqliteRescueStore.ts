import type { Database, Statement } from 'better-sqlite3';
import { defined } from '../../base/defined.js';
import { parseId, type ThreadId } from '../../base/ids.js';
import type { Rescue, RescueId } from '../../core/workspaces/rescue.js';
import type { RescueStore } from '../../core/workspaces/rescueStore.js';
import { JsonFields, parseTexts } from '../../base/jsonFields.js';

interface RescueRow {
  readonly id: string;
  readonly thread_id: string;
  readonly repository: string;
  readonly ref: string;
  readonly commit_sha: string;
  readonly branch: string;
  readonly path: string;
  readonly head: string;
  readonly created_at: number;
  readonly archived: number;
  readonly work_json: string;
  readonly contents_json: string;
  readonly leftover_json: string;
}

export class SqliteRescueStore implements RescueStore {
  readonly #get: Statement<[string], RescueRow>;
  readonly #byRef: Statement<[string, string], RescueRow>;
  readonly #insert: Statement<[RescueRow]>;
  readonly #saveLeftover: Statement<[string, string]>;
  readonly #delete: Statement<[string]>;
  readonly #ofThread: Statement<[string], RescueRow>;
  readonly #before: Statement<[number], RescueRow>;
  readonly #ids: Statement<[], { id: string }>;

  constructor(database: Database) {
    this.#get = database.prepare(`SELECT * FROM rescue WHERE id = ?`);
    this.#byRef = database.prepare(`SELECT * FROM rescue WHERE repository = ? AND ref = ?`);
    this.#insert = database.prepare(`
      INSERT INTO rescue (id, thread_id, repository, ref, commit_sha, branch, path, head, created_at, archived, work_json, contents_json, leftover_json)
      VALUES (:id, :thread_id, :repository, :ref, :commit_sha, :branch, :path, :head, :created_at, :archived, :work_json, :contents_json, :leftover_json)`);
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
    this.#insert.run(toRow(rescue));
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

function toRow(rescue: Rescue): RescueRow {
  const { index, files, untracked, conflicts, nested, refused, submodules, made } = rescue;
  return {
    id: rescue.id,
    thread_id: rescue.threadId,
    repository: rescue.repository,
    ref: rescue.ref,
    commit_sha: rescue.commit,
    branch: rescue.branch,
    path: rescue.path,
    head: rescue.head,
    created_at: rescue.createdAt,
    archived: rescue.archived ? 1 : 0,
    work_json: JSON.stringify({ index, files, untracked, conflicts }),
    contents_json: JSON.stringify({ nested, refused, submodules, made }),
    leftover_json: JSON.stringify(rescue.leftover),
  };
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
