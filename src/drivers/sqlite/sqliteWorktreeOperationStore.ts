import type { Database, Statement } from 'better-sqlite3';
import { member } from '../../base/closedUnion.js';
import { defined } from '../../base/defined.js';
import { parseId, type ThreadId } from '../../base/ids.js';
import type { ThreadOutcome } from '../../core/threads/thread.js';
import type { WorktreeRef } from '../../core/workspaces/worktreeDriver.js';
import type { WorktreeOperation, WorktreeOperationStore } from '../../core/workspaces/worktreeOperation.js';
import { JsonFields } from '../../base/jsonFields.js';
import { EntityTable, fixed, stored, type RowOf } from './columns.js';

const columns = {
  thread_id: fixed((operation: WorktreeOperation) => operation.thread),
  kind: stored((operation: WorktreeOperation) => operation.kind),
  worktree_json: stored((operation: WorktreeOperation) => JSON.stringify(operation.worktree)),
  started_at: stored((operation: WorktreeOperation) => operation.startedAt),
  rescue_id: stored((operation: WorktreeOperation) => ('rescue' in operation ? operation.rescue : null)),
  ref: stored((operation: WorktreeOperation) => removalOf(operation)?.ref ?? null),
  ignored: stored((operation: WorktreeOperation) => removalOf(operation)?.ignored ?? null),
  outcome: stored((operation: WorktreeOperation) => removalOf(operation)?.outcome ?? null),
  had_branch: stored((operation: WorktreeOperation) =>
    operation.kind === 'restore' ? Number(operation.hadBranch) : null,
  ),
};
type OperationRow = RowOf<typeof columns>;
const table = new EntityTable<WorktreeOperation>('worktree_operation', columns);

const kinds: readonly WorktreeOperation['kind'][] = ['create', 'keep', 'clear', 'restore'];
const outcomes: readonly ThreadOutcome[] = ['open', 'completed', 'failed', 'abandoned'];

export class SqliteWorktreeOperationStore implements WorktreeOperationStore {
  readonly #ofThread: Statement<[string], OperationRow>;
  readonly #list: Statement<[], OperationRow>;
  readonly #save: Statement<[object]>;
  readonly #end: Statement<[string]>;

  constructor(database: Database) {
    this.#ofThread = database.prepare(`SELECT * FROM worktree_operation WHERE thread_id = ?`);
    this.#list = database.prepare(`SELECT * FROM worktree_operation ORDER BY started_at`);
    this.#save = database.prepare(table.replace());
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
    this.#save.run(table.parameters(operation));
  }

  end(thread: ThreadId): void {
    this.#end.run(thread);
  }
}

function removalOf(operation: WorktreeOperation) {
  return operation.kind === 'keep' || operation.kind === 'clear' ? operation : undefined;
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
