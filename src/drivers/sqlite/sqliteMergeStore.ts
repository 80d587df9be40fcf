import type { Database, Statement } from 'better-sqlite3';
import { member } from '../../base/closedUnion.js';
import { parseId, type MergeId, type ThreadId } from '../../base/ids.js';
import type { Merge, MergePush, MergeStatus } from '../../core/merges/merge.js';
import type { MergeStrategy } from '../../core/merges/mergeDriver.js';
import type { MergeStore } from '../../core/merges/mergeStore.js';
import { defined } from '../../base/defined.js';
import { EntityTable, fixed, stored, type RowOf } from './columns.js';

/** The columns of the `merge` table, without its position: that is the number of its row. */
const columns = {
  id: fixed((merge: Merge) => merge.id),
  thread_id: fixed((merge: Merge) => merge.threadId),
  status: stored((merge: Merge) => merge.status),
  target: fixed((merge: Merge) => merge.target),
  strategy: fixed((merge: Merge) => merge.strategy),
  expect: fixed((merge: Merge) => merge.expect),
  commit_message: fixed((merge: Merge) => merge.commitMessage),
  commit_sha: stored((merge: Merge) => merge.commit ?? null),
  reason: stored((merge: Merge) => merge.reason ?? null),
  message: stored((merge: Merge) => merge.message),
  files_json: stored((merge: Merge) => JSON.stringify(merge.files)),
  created_at: fixed((merge: Merge) => merge.createdAt),
  ended_at: stored((merge: Merge) => merge.endedAt ?? null),
  push: stored((merge: Merge) => merge.push?.state ?? null),
  push_address: stored((merge: Merge) => merge.push?.address ?? null),
  push_problem: stored((merge: Merge) => merge.push?.problem ?? null),
};

export type MergeRow = RowOf<typeof columns>;

const table = new EntityTable<Merge>('merge', columns);

const statuses: readonly MergeStatus[] = [
  'queued',
  'checking',
  'merging',
  'merged',
  'blocked',
  'conflicted',
  'failed',
  'cancelled',
];
const pushStates: readonly MergePush['state'][] = ['due', 'pushed', 'failed'];
const strategies: readonly MergeStrategy[] = ['merge', 'squash', 'rebase'];

export class SqliteMergeStore implements MergeStore {
  readonly #insert: Statement<[ReturnType<typeof table.parameters>]>;
  readonly #pointThread: Statement<[string, string]>;
  readonly #update: Statement<[ReturnType<typeof table.parameters>]>;
  readonly #get: Statement<[string], MergeRow>;
  readonly #ofThread: Statement<[string], MergeRow>;
  readonly #latestOf: Statement<[string], MergeRow>;
  readonly #active: Statement<[], MergeRow>;
  readonly #toPush: Statement<[], MergeRow>;

  constructor(database: Database) {
    this.#insert = database.prepare(table.insert());
    this.#pointThread = database.prepare(`UPDATE thread SET latest_merge = ? WHERE id = ?`);
    this.#update = database.prepare(table.update('id = :id'));
    this.#get = database.prepare(`SELECT * FROM merge WHERE id = ?`);
    this.#ofThread = database.prepare(`SELECT * FROM merge WHERE thread_id = ? ORDER BY position`);
    this.#latestOf = database.prepare(
      `SELECT merge.* FROM thread JOIN merge ON merge.id = thread.latest_merge WHERE thread.id = ?`,
    );
    this.#active = database.prepare(
      `SELECT * FROM merge WHERE status IN ('queued', 'checking', 'merging') ORDER BY position`,
    );
    this.#toPush = database.prepare(`SELECT * FROM merge WHERE push = 'due' ORDER BY ended_at, position`);
  }

  get(id: MergeId): Merge | undefined {
    const row = this.#get.get(id);
    return row && toMerge(row);
  }

  insert(merge: Merge): void {
    this.#insert.run(table.parameters(merge));
    this.#pointThread.run(merge.id, merge.threadId);
  }

  latestOf(thread: ThreadId): Merge | undefined {
    const row = this.#latestOf.get(thread);
    return row && toMerge(row);
  }

  update(merge: Merge): void {
    this.#update.run(table.parameters(merge));
  }

  ofThread(thread: ThreadId): readonly Merge[] {
    return this.#ofThread.all(thread).map(toMerge);
  }

  active(): readonly Merge[] {
    return this.#active.all().map(toMerge);
  }

  toPush(): readonly Merge[] {
    return this.#toPush.all().map(toMerge);
  }
}

function toPush({ push, push_address: address, push_problem: problem }: MergeRow): MergePush | undefined {
  if (push === null) return undefined;
  return { state: member(pushStates, push), address: address ?? '', ...defined({ problem }) };
}

function toMerge(row: MergeRow): Merge {
  const files: unknown = JSON.parse(row.files_json);
  return {
    id: parseId(row.id),
    threadId: parseId(row.thread_id),
    status: member(statuses, row.status),
    target: row.target,
    strategy: member(strategies, row.strategy),
    expect: row.expect,
    commitMessage: row.commit_message,
    message: row.message,
    files: Array.isArray(files) ? files.map(String) : [],
    createdAt: row.created_at,
    ...defined({ commit: row.commit_sha, reason: row.reason, endedAt: row.ended_at, push: toPush(row) }),
  };
}
