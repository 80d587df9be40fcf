import type { Database, Statement } from 'better-sqlite3';
import { member } from '../../base/closedUnion.js';
import { parseId, type MergeId, type ThreadId } from '../../base/ids.js';
import type { Merge, MergeStatus } from '../../core/merges/merge.js';
import type { MergeStrategy } from '../../core/merges/mergeDriver.js';
import type { MergeStore } from '../../core/merges/mergeStore.js';
import { defined } from '../../base/defined.js';

export interface MergeRow {
  readonly id: string;
  readonly thread_id: string;
  readonly status: string;
  readonly target: string;
  readonly strategy: string;
  readonly expect: string;
  readonly commit_message: string;
  readonly commit_sha: string | null;
  readonly reason: string | null;
  readonly message: string;
  readonly files_json: string;
  readonly created_at: number;
  readonly ended_at: number | null;
}

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
const strategies: readonly MergeStrategy[] = ['merge', 'squash', 'rebase'];

export class SqliteMergeStore implements MergeStore {
  readonly #insert: Statement<[MergeRow]>;
  readonly #pointThread: Statement<[string, string]>;
  readonly #update: Statement<[MergeRow]>;
  readonly #get: Statement<[string], MergeRow>;
  readonly #ofThread: Statement<[string], MergeRow>;
  readonly #active: Statement<[], MergeRow>;

  constructor(database: Database) {
    this.#insert = database.prepare(`
      INSERT INTO merge (id, position, thread_id, status, target, strategy, expect, commit_message, commit_sha, reason, message, files_json, created_at, ended_at)
      VALUES (:id, COALESCE((SELECT MAX(position) FROM merge), 0) + 1, :thread_id, :status, :target, :strategy, :expect, :commit_message,
        :commit_sha, :reason, :message, :files_json, :created_at, :ended_at)`);
    this.#pointThread = database.prepare(`UPDATE thread SET latest_merge = ? WHERE id = ?`);
    this.#update = database.prepare(`
      UPDATE merge SET status = :status, commit_sha = :commit_sha, reason = :reason, message = :message, files_json = :files_json, ended_at = :ended_at
      WHERE id = :id`);
    this.#get = database.prepare(`SELECT * FROM merge WHERE id = ?`);
    this.#ofThread = database.prepare(`SELECT * FROM merge WHERE thread_id = ? ORDER BY position`);
    this.#active = database.prepare(
      `SELECT * FROM merge WHERE status IN ('queued', 'checking', 'merging') ORDER BY position`,
    );
  }

  get(id: MergeId): Merge | undefined {
    const row = this.#get.get(id);
    return row && toMerge(row);
  }

  insert(merge: Merge): void {
    this.#insert.run(toRow(merge));
    this.#pointThread.run(merge.id, merge.threadId);
  }

  update(merge: Merge): void {
    this.#update.run(toRow(merge));
  }

  ofThread(thread: ThreadId): readonly Merge[] {
    return this.#ofThread.all(thread).map(toMerge);
  }

  active(): readonly Merge[] {
    return this.#active.all().map(toMerge);
  }
}

function toRow(merge: Merge): MergeRow {
  return {
    id: merge.id,
    thread_id: merge.threadId,
    status: merge.status,
    target: merge.target,
    strategy: merge.strategy,
    expect: merge.expect,
    commit_message: merge.commitMessage,
    commit_sha: merge.commit ?? null,
    reason: merge.reason ?? null,
    message: merge.message,
    files_json: JSON.stringify(merge.files),
    created_at: merge.createdAt,
    ended_at: merge.endedAt ?? null,
  };
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
    ...defined({ commit: row.commit_sha, reason: row.reason, endedAt: row.ended_at }),
  };
}
