import type { Database, Statement } from 'better-sqlite3';
import { member } from '../../base/closedUnion.js';
import { defined } from '../../base/defined.js';
import { parseId, type ThreadId } from '../../base/ids.js';
import type { ThreadOutcome } from '../../core/threads/thread.js';
import type { WorktreeRef } from '../../core/workspaces/worktreeDriver.js';
import type { WorktreeOperation, WorktreeOperationStore } from '../../core/workspaces/worktreeOperation.js';
import { JsonFields } from '../../base/jsonFields.js';

interface OperationRow {
  readonly thread_id: string;
  readonly kind: string;
  readonly worktree_json: string;
  readonly started_at: number;
  readonly rescue_id: string | null;
  readonly ref: string | null;
  readonly ignored: string | null;
  readonly outcome: string | null;
  readonly had_branch: number | null;
}

const kinds: readonly WorktreeOperation['kind'][] = ['create', 'keep', 'clear', 'restore'];
const outcomes: readonly ThreadOutcome[] = ['open', 'completed', 'failed', 'abandoned'];

export class SqliteWorktreeOperationStore implements WorktreeOperationStore {
  readonly #ofThread: Statement<[string], OperationRow>;
  readonly #list: Statement<[], OperationRow>;
  readonly #save: Statement<[OperationRow]>;
  readonly #end: Statement<[string]>;

  constructor(database: Database) {
    this.#ofThread = database.prepare(`SELECT * FROM worktree_operation WHERE thread_id = ?`);
    this.#list = database.prepare(`SELECT * FROM worktree_operation ORDER BY started_at`);
    this.#save = database.prepare(`
      INSERT OR REPLACE INTO worktree_operation (thread_id, kind, worktree_json, started_at, rescue_id, ref, ignored, outcome, had_branch)
      VALUES (:thread_id, :kind, :worktree_json, :started_at, :rescue_id, :ref, :ignored, :outcome, :had_branch)`);
    this.#end = database.prepare(`DELETE FROM worktree_operation WHERE thread_id = ?`);
  }

  ofThread(thread: ThreadId): WorktreeOperation | undefined {
    const row = this.#ofThread.get(thread);
    return row && toOperation(row);
  }

  list(): readonly WorktreeOperation[] {
    return this.#list.all().map(toOperation);
  }

  save(operation: WorktreeOperation): void {
    this.#save.run(toRow(operation));
  }

  end(thread: ThreadId): void {
    this.#end.run(thread);
  }
}

function toRow(operation: WorktreeOperation): OperationRow {
  const removal = operation.kind === 'keep' || operation.kind === 'clear' ? operation : undefined;
  return {
    thread_id: operation.thread,
    kind: operation.kind,
    worktree_json: JSON.stringify(operation.worktree),
    started_at: operation.startedAt,
    rescue_id: 'rescue' in operation ? operation.rescue : null,
    ref: removal?.ref ?? null,
    ignored: removal?.ignored ?? null,
    outcome: removal?.outcome ?? null,
    had_branch: operation.kind === 'restore' ? Number(operation.hadBranch) : null,
  };
}

function toOperation(row: OperationRow): WorktreeOperation {
  const common = {
    thread: parseId<'thread'>(row.thread_id),
    worktree: toWorktree(row.worktree_json),
    startedAt: row.started_at,
  };
  const kind = member(kinds, row.kind);
  if (kind === 'create') return { ...common, kind };
  const rescue = parseId<'rescue'>(row.rescue_id ?? '');
  if (kind === 'restore') return { ...common, kind, rescue, hadBranch: row.had_branch !== 0 };
  return {
    ...common,
    kind,
    rescue,
    ref: row.ref ?? '',
    outcome: member(outcomes, row.outcome ?? ''),
    ...defined({ ignored: row.ignored === null ? null : member(['archive', 'discard'] as const, row.ignored) }),
  };
}

function toWorktree(json: string): WorktreeRef {
  const fields = JsonFields.parse(json);
  const [repository, path, branch] = ['repository', 'path', 'branch'].map(name => fields.text(name));
  if (repository === undefined || path === undefined || branch === undefined) throw new Error('Not a worktree');
  return {
    repository,
    path,
    branch,
    ...defined({ commonDir: fields.text('commonDir'), registeredAs: fields.text('registeredAs') }),
  };
}
