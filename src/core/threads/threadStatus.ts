import { assertNever } from '../../base/exhaustive.js';
import type { Awaited } from '../batches/batch.js';
import { needsPerson, type Chain } from '../chains/chain.js';
import type { Merge } from '../merges/merge.js';
import type { OpenHandMerge } from '../merges/openHandMerge.js';
import { isStale } from '../merges/staleMerge.js';
import type { Question } from '../questions/question.js';
import { isRunSettling, type Run } from '../runs/run.js';
import type { ReviewMarks } from '../reviews/review.js';
import { filesChanged, type PartOfThread } from './part.js';
import type { Thread } from './thread.js';

/** What people and JSON see of a thread. Derived, never stored. */
export type ThreadStatus =
  /** Nobody but a person can go on; `needs` says why. */
  | 'needs_you'
  /** Its run waits for its turn. */
  | 'queued'
  /** A run is at work, or what it left is being settled. */
  | 'working'
  /** Work to look at, and nothing keeps it from being merged. */
  | 'ready'
  /** A merge is queued or at work. */
  | 'merging'
  /** What it has is in the target. */
  | 'merged'
  /** A person closed it without a merge. */
  | 'closed'
  /** A person said that it failed. */
  | 'failed'
  /** Its worktree went; what was in it is kept. */
  | 'abandoned';

export interface ThreadState {
  readonly status: ThreadStatus;
  /** Why it needs a person, one sentence; empty otherwise. */
  readonly needs: string;
}

/** What a thread's state is derived from besides itself: its latest run and merge, and its chain of hand-offs. */
export interface ThreadFacts {
  readonly run: Run | undefined;
  readonly merge: Merge | undefined;
  /** What a person has seen of it. */
  readonly marks?: ReviewMarks;
  /** A person has begun one in its worktree. */
  readonly handMerge?: OpenHandMerge | undefined;
  readonly chain?: Chain | undefined;
  /** What its run asks a person. */
  readonly questions?: readonly Question[];
  /** What its queued run waits for. */
  readonly awaited?: readonly Awaited[];
  /** What it has of other repositories. */
  readonly parts?: readonly PartOfThread[];
}

/** Derives the status from stored facts. */
export function threadState(thread: Thread, facts: ThreadFacts): ThreadState {
  switch (thread.outcome) {
    case 'abandoned':
      return { status: 'abandoned', needs: '' };
    case 'failed':
      return { status: 'failed', needs: '' };
    case 'completed':
      return { status: facts.merge?.status === 'merged' ? 'merged' : 'closed', needs: '' };
    case 'open':
      return openState(thread, facts);
    default:
      return assertNever(thread.outcome);
  }
}

function openState(thread: Thread, facts: ThreadFacts): ThreadState {
  const state = stateOfWork(thread, facts);
  const atWork = state.status === 'queued' || state.status === 'working' || state.status === 'merging';
  if (atWork) return state;
  // Before everything else: until that is ended nobody can work on it, and its files are no trouble that somebody left.
  if (facts.handMerge !== undefined) return { status: 'needs_you', needs: handMergeText(facts.handMerge) };
  // Whatever else is true of it: its work is not committed, and nobody else can see to that.
  const needs = troubleIn(thread, facts.parts);
  return needs === undefined ? state : { status: 'needs_you', needs };
}

function troubleIn(thread: Thread, parts: readonly PartOfThread[] = []): string | undefined {
  if (thread.trouble) return thread.trouble.message;
  const troubled = parts.find(part => part.thread.trouble !== undefined);
  return troubled && `${troubled.part.name}: ${troubled.thread.trouble?.message ?? ''}`;
}

function stateOfWork(
  thread: Thread,
  { run, merge, marks = {}, chain, questions, awaited, parts = [] }: ThreadFacts,
): ThreadState {
  const runState = run
    ? afterChain(stateOfRun(run, { questions, awaited, changed: filesChanged({ thread, parts }) > 0 }), chain, {
        isApproved: thread.head !== undefined && marks.approved?.commit === thread.head,
      })
    : // Without a run and with files: somebody else's worktree that became a thread.
      { status: thread.worktree === undefined ? ('queued' as const) : ('ready' as const), needs: '' };
  // A merge speaks for the thread only while no run was queued after it, and for what it was about.
  if (!merge || (run && run.queuedAt > merge.createdAt) || isStale(merge, thread, marks)) return runState;
  switch (merge.status) {
    case 'queued':
    case 'checking':
    case 'merging':
      // What a person should know while it lasts: git stands still in a hook.
      return { status: 'merging', needs: merge.message };
    case 'blocked':
    case 'conflicted':
    case 'failed':
      // What kept it may be over by now, in the person's own checkout for one: nobody knows before somebody tries again.
      return { status: 'needs_you', needs: `Not merged at the last try: ${merge.message || merge.status}` };
    case 'merged':
    case 'cancelled':
      return runState;
    default:
      return assertNever(merge.status);
  }
}

function handMergeText({ target }: OpenHandMerge): string {
  return `You are merging ${target} into this thread by hand. Complete that merge, or give it up.`;
}

/** Work that is done is not ready while those who were asked about it could not agree, unless the person has. */
function afterChain(
  state: ThreadState,
  chain: Chain | undefined,
  { isApproved }: { readonly isApproved: boolean },
): ThreadState {
  if (state.status !== 'ready' || isApproved || chain === undefined || !needsPerson(chain)) return state;
  return { status: 'needs_you', needs: chain.note };
}

function stateOfRun(
  run: Run,
  {
    questions: [question] = [],
    awaited = [],
    changed,
  }: Pick<ThreadFacts, 'questions' | 'awaited'> & { readonly changed: boolean },
): ThreadState {
  // Whatever it came to: nobody may review, merge or go on before its work is committed.
  if (isRunSettling(run)) return { status: 'working', needs: '' };
  switch (run.status) {
    case 'queued':
      return queuedState(awaited);
    case 'starting':
    case 'running':
      return { status: 'working', needs: '' };
    case 'waiting':
      return {
        status: 'needs_you',
        needs: question ? `${run.agent} asks: ${question.title}` : `${run.agent} asks a question.`,
      };
    case 'succeeded':
      return { status: 'ready', needs: '' };
    case 'failed':
    case 'timed_out':
    case 'lost':
      return { status: 'needs_you', needs: run.error?.message ?? `The run ${run.status.replace('_', ' ')}.` };
    case 'cancelled':
      return { status: changed ? 'ready' : 'closed', needs: '' };
    default:
      return assertNever(run.status);
  }
}

/** What it waits for may never come. */
function queuedState(awaited: readonly Awaited[]): ThreadState {
  const never = awaited.find(({ outcome }) => outcome === 'failed' || outcome === 'abandoned');
  const failed = awaited.find(each => each.failed);
  if (!never && failed)
    return { status: 'needs_you', needs: `It waits for thread ${failed.threadId}, whose run failed.` };
  if (!never) return { status: 'queued', needs: '' };
  return { status: 'needs_you', needs: `It waits for thread ${never.threadId}, which is ${never.outcome}.` };
}
