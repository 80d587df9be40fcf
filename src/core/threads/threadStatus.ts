import { assertNever } from '../../base/exhaustive.js';
import type { Merge } from '../merges/merge.js';
import { isRunSettling, type Run } from '../runs/run.js';
import type { Thread } from './thread.js';

/** What people and JSON see of a thread. Derived, never stored. */
export type ThreadStatus =
  'needs_you' | 'queued' | 'working' | 'ready' | 'merging' | 'merged' | 'closed' | 'failed' | 'abandoned';

export interface ThreadState {
  readonly status: ThreadStatus;
  /** Why it needs a person, one sentence; empty otherwise. */
  readonly needs: string;
}

/** Derives the status from stored facts: the outcome, the latest run and the latest merge. */
export function threadState(thread: Thread, run: Run | undefined, merge: Merge | undefined): ThreadState {
  switch (thread.outcome) {
    case 'abandoned':
      return { status: 'abandoned', needs: '' };
    case 'failed':
      return { status: 'failed', needs: '' };
    case 'completed':
      return { status: merge?.status === 'merged' ? 'merged' : 'closed', needs: '' };
    case 'open':
      return openState(thread, run, merge);
    default:
      return assertNever(thread.outcome);
  }
}

function openState(thread: Thread, run: Run | undefined, merge: Merge | undefined): ThreadState {
  const state = stateOfWork(thread, run, merge);
  // Whatever else is true of it: its work is not committed, and nobody else can see to that.
  const atWork = state.status === 'queued' || state.status === 'working' || state.status === 'merging';
  return thread.trouble === undefined || atWork ? state : { status: 'needs_you', needs: thread.trouble.message };
}

function stateOfWork(thread: Thread, run: Run | undefined, merge: Merge | undefined): ThreadState {
  const runState = run ? stateOfRun(thread, run) : { status: 'queued' as const, needs: '' };
  // A merge speaks for the thread only while no run was queued after it.
  if (!merge || (run && run.queuedAt > merge.createdAt)) return runState;
  switch (merge.status) {
    case 'queued':
    case 'checking':
    case 'merging':
      // What a person should know while it lasts: git stands still in a hook.
      return { status: 'merging', needs: merge.message };
    case 'blocked':
    case 'conflicted':
    case 'failed':
      return { status: 'needs_you', needs: merge.message || `Merge ${merge.status}.` };
    case 'merged':
    case 'cancelled':
      return runState;
    default:
      return assertNever(merge.status);
  }
}

function stateOfRun(thread: Thread, run: Run): ThreadState {
  // Whatever it came to: nobody may review, merge or go on before its work is committed.
  if (isRunSettling(run)) return { status: 'working', needs: '' };
  switch (run.status) {
    case 'queued':
      return { status: 'queued', needs: '' };
    case 'starting':
    case 'running':
      return { status: 'working', needs: '' };
    case 'waiting':
      return { status: 'needs_you', needs: `${run.agent} asks a question.` };
    case 'succeeded':
      return { status: 'ready', needs: '' };
    case 'failed':
    case 'timed_out':
    case 'lost':
      return { status: 'needs_you', needs: run.error?.message ?? `The run ${run.status.replace('_', ' ')}.` };
    case 'cancelled':
      return { status: (thread.filesChanged ?? 0) > 0 ? 'ready' : 'closed', needs: '' };
    default:
      return assertNever(run.status);
  }
}
