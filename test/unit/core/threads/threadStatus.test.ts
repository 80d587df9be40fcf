import { describe, expect, it, test } from 'vitest';
import { parseId } from '../../../../src/base/ids.js';
import type { Merge, MergeStatus } from '../../../../src/core/merges/merge.js';
import type { Run, RunStatus } from '../../../../src/core/runs/run.js';
import type { Thread, ThreadOutcome } from '../../../../src/core/threads/thread.js';
import { threadState, type ThreadFacts } from '../../../../src/core/threads/threadStatus.js';

const thread: Thread = {
  id: parseId('000000000001'),
  projectId: parseId('000000000002'),
  agent: 'dev',
  outcome: 'open',
  summary: 'Fix it',
  createdAt: 1,
  updatedAt: 1,
};

function run(status: RunStatus, queuedAt = 10): Run {
  return {
    id: parseId('000000000003'),
    threadId: thread.id,
    messageId: parseId('000000000004'),
    agent: 'dev',
    provider: 'claude',
    status,
    generation: 1,
    queuedAt,
    settled: true,
  };
}

function merge(status: MergeStatus, createdAt = 20): Merge {
  return {
    id: parseId('000000000005'),
    threadId: thread.id,
    status,
    target: 'main',
    strategy: 'merge',
    expect: 'a'.repeat(40),
    commitMessage: 'Fix it',
    message: 'src/a.ts is in the way.',
    files: [],
    createdAt,
  };
}

const everyEnd: readonly RunStatus[] = ['succeeded', 'failed', 'timed_out', 'cancelled', 'lost'];

describe('a thread whose run has just ended', () => {
  it.each(everyEnd)('(%s) is at work until what it left is committed', status => {
    const ended = { ...run(status), endedAt: 30 };
    expect(threadState(thread, { run: { ...ended, settled: false }, merge: undefined }).status).toBe('working');
    expect(threadState(thread, { run: ended, merge: undefined }).status).not.toBe('working');
  });
});

test('a person’s approval of exactly this work decides what its reviewers did not', () => {
  const note = 'reviewer ended without saying whether the work of dev is good.';
  const author = { threadId: thread.id, author: 'dev', depth: 1, waiting: [], said: [] };
  const head = 'b'.repeat(40);
  const stateWith = (approved: string | undefined, state: 'undecided' | 'exhausted') =>
    threadState(
      { ...thread, head },
      {
        run: run('succeeded'),
        merge: undefined,
        chain: { ...author, state, note },
        marks: approved === undefined ? {} : { approved: { commit: approved, at: 1 } },
      },
    );
  for (const state of ['undecided', 'exhausted'] as const) {
    expect(stateWith(undefined, state)).toEqual({ status: 'needs_you', needs: note });
    expect(stateWith('c'.repeat(40), state)).toEqual({ status: 'needs_you', needs: note });
    expect(stateWith(head, state)).toEqual({ status: 'ready', needs: '' });
  }
});

describe('the status that people see', () => {
  it.each<[string, ThreadOutcome, Run | undefined, Merge | undefined, string]>([
    ['waits for its first run', 'open', run('queued'), undefined, 'queued'],
    ['works while the agent starts', 'open', run('starting'), undefined, 'working'],
    ['works while the agent runs', 'open', run('running'), undefined, 'working'],
    ['needs you when the agent asks', 'open', run('waiting'), undefined, 'needs_you'],
    ['is ready when the agent is done', 'open', run('succeeded'), undefined, 'ready'],
    ['needs you when the agent failed', 'open', run('failed'), undefined, 'needs_you'],
    ['needs you when time ran out', 'open', run('timed_out'), undefined, 'needs_you'],
    ['needs you when the process is gone', 'open', run('lost'), undefined, 'needs_you'],
    ['merges', 'open', run('succeeded'), merge('checking'), 'merging'],
    ['needs you when the merge is blocked', 'open', run('succeeded'), merge('blocked'), 'needs_you'],
    ['needs you on a conflict', 'open', run('succeeded'), merge('conflicted'), 'needs_you'],
    ['is ready again after a merge was cancelled', 'open', run('succeeded'), merge('cancelled'), 'ready'],
    ['works again on a follow-up after a blocked merge', 'open', run('running', 30), merge('blocked', 20), 'working'],
    ['is merged', 'completed', run('succeeded'), merge('merged'), 'merged'],
    ['is closed without a merge', 'completed', run('succeeded'), undefined, 'closed'],
    ['stays abandoned whatever its run said', 'abandoned', run('succeeded'), merge('merged'), 'abandoned'],
    ['is closed when it was cancelled without a change', 'open', run('cancelled'), undefined, 'closed'],
  ])('%s', (_name, outcome, latestRun, latestMerge, expected) => {
    expect(threadState({ ...thread, outcome }, { run: latestRun, merge: latestMerge }).status).toBe(expected);
  });

  it('keeps a cancelled thread that changed files reviewable', () => {
    expect(threadState({ ...thread, filesChanged: 2 }, { run: run('cancelled'), merge: undefined }).status).toBe(
      'ready',
    );
  });

  it('says why it needs a person', () => {
    expect(threadState(thread, { run: run('succeeded'), merge: merge('blocked') }).needs).toBe(
      'Not merged at the last try: src/a.ts is in the way.',
    );
    const failed = {
      ...run('failed'),
      error: { code: 'rate_limited', message: 'The provider refuses calls for now.' },
    };
    expect(threadState(thread, { run: failed, merge: undefined }).needs).toBe('The provider refuses calls for now.');
  });
});

describe('a merge that came to nothing', () => {
  const [head, other] = ['a'.repeat(40), 'b'.repeat(40)];
  const after = (status: MergeStatus, now: Partial<Thread>, more: Partial<ThreadFacts & Merge> = {}) => {
    const { marks = {}, reason } = more;
    const last = { ...merge(status, 20), ...(reason === undefined ? {} : { reason }) };
    return threadState({ ...thread, ...now }, { run: run('succeeded'), merge: last, marks }).status;
  };

  it.each(['blocked', 'conflicted', 'failed'] as const)('(%s) says nothing of another commit', status => {
    expect(after(status, { head })).toBe('needs_you');
    expect(after(status, { head: other })).toBe('ready');
  });

  it('for lack of a review is over when somebody has seen or approved exactly what is there', () => {
    const reason = 'changed_since_review';
    const at = (commit: string, time: number) => ({ commit, at: time });
    expect(after('blocked', { head: other }, { reason })).toBe('needs_you');
    expect(after('blocked', { head: other }, { reason, marks: { approved: at(other, 30) } })).toBe('ready');
    expect(after('blocked', { head: other }, { reason, marks: { shown: at(other, 30) } })).toBe('ready');
    expect(after('blocked', { head: other }, { reason, marks: { approved: at(head, 30) } })).toBe('needs_you');
    expect(after('blocked', { head }, { reason, marks: { approved: at(head, 10) } })).toBe('needs_you');
  });
});
