import { AppError } from '../../base/errors.js';
import type { ThreadId } from '../../base/ids.js';
import { isMergeActive, type Merge } from '../merges/merge.js';
import { requireNoHandMerge } from '../merges/openHandMerge.js';
import { isRunActive } from '../runs/run.js';
import type { RescueStores } from '../workspaces/rescueStore.js';
import { operationText } from '../workspaces/worktreeOperation.js';
import type { Thread } from './thread.js';
import type { ThreadView } from './threadStore.js';

/** True while neither a run nor a merge of the thread is at work. */
export function isThreadIdle({ latestRun: run, latestMerge: merge }: ThreadView): boolean {
  return !(run && isRunActive(run.status)) && !(merge && isMergeActive(merge.status));
}

/** The thread, when nothing is at work on it. Errors: `thread.busy`. */
export function requireIdle(view: ThreadView): ThreadView {
  const { thread, latestRun: run, latestMerge: merge } = view;
  if (run && isRunActive(run.status)) {
    throw new AppError(
      'thread.busy',
      `${run.agent} is still at work on thread ${thread.id} (${run.status}). Wait for it or cancel it first.`,
      { thread: thread.id, status: run.status },
    );
  }
  if (merge && isMergeActive(merge.status)) throw threadMerging(thread, merge);
  return view;
}

/** The thread, when nothing is at work on it and its files are not half merged. Errors: `thread.busy`, `merge.byHand`. */
export function requireWhole(view: ThreadView): ThreadView {
  requireNoHandMerge(view.handMerge);
  return requireIdle(view);
}

/** Errors: `thread.busy` (its worktree is being removed or brought back). */
export function requireNoOperation(stores: RescueStores, id: ThreadId): void {
  const operation = stores.operations.ofThread(id);
  if (operation === undefined || operation.kind === 'create') return;
  const status = operationText(operation);
  throw new AppError('thread.busy', `The worktree of thread ${id} is ${status}. Wait a moment and try again.`, {
    thread: id,
    status,
  });
}

/** The error for what cannot be done while a merge of the thread is under way. */
export function threadMerging(thread: Thread, merge: Merge): AppError<'thread.busy'> {
  return new AppError(
    'thread.busy',
    `Thread ${thread.id} is being merged (${merge.status}). Wait for the merge to end.`,
    { thread: thread.id, status: merge.status },
  );
}
