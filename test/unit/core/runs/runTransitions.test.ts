import { describe, expect, test } from 'vitest';
import type { Run, RunStatus } from '../../../../src/core/runs/run.js';
import { emptyDigest, type RunDigestState } from '../../../../src/core/runs/runDigest.js';
import type { RunEnd } from '../../../../src/core/runs/runSupervisor.js';
import {
  adoptRun,
  cancelQueuedRun,
  claimRun,
  endRun,
  requeueRun,
  startRun,
} from '../../../../src/core/runs/runTransitions.js';
import { countingIds } from '../../../support/ids.js';

const all: readonly RunStatus[] = [
  'queued',
  'starting',
  'running',
  'waiting',
  'succeeded',
  'failed',
  'timed_out',
  'cancelled',
  'lost',
];

function runWith(status: RunStatus, more: Partial<Run> = {}): Run {
  const ids = countingIds();
  return {
    id: ids.next(),
    threadId: ids.next(),
    messageId: ids.next(),
    agent: 'dev',
    provider: 'claude',
    status,
    generation: 3,
    queuedAt: 1,
    settled: false,
    ...more,
  };
}

const digest: RunDigestState = {
  ...emptyDigest,
  answer: 'Done.',
  conversation: 'c1',
  activity: 'Done.',
  usage: { costUsd: 1 },
};
const exited: RunEnd = { kind: 'exited', exit: { code: 0, endedAt: 9 }, stderrTail: '' };

describe('a step that does not apply changes nothing', () => {
  test.each([
    ['claim', claimRun, ['queued']],
    ['requeue', requeueRun, ['starting']],
    ['adopt', adoptRun, ['starting', 'running', 'waiting']],
    ['start', (run: Run) => startRun(run, 5), ['starting']],
    ['cancel in the queue', (run: Run) => cancelQueuedRun(run, 5), ['queued']],
    [
      'end',
      (run: Run) => endRun(run, { kind: 'cancelled' }, { now: 5, digest }),
      ['queued', 'starting', 'running', 'waiting'],
    ],
  ] satisfies [string, (run: Run) => Run, RunStatus[]][])('%s', (_, step, applies) => {
    const changed = all.filter(status => {
      const run = runWith(status);
      return step(run) !== run;
    });
    expect(changed).toEqual(applies);
  });
});

describe('who owns a run', () => {
  test('every claim and adoption raises the generation', () => {
    expect(claimRun(runWith('queued'))).toMatchObject({ status: 'starting', generation: 4 });
    expect(adoptRun(runWith('running'))).toMatchObject({ status: 'running', generation: 4 });
    expect(requeueRun(runWith('starting'))).toMatchObject({ status: 'queued', generation: 3 });
  });
});

describe('how a run ends', () => {
  const end = (how: RunEnd, conclusion?: Parameters<typeof endRun>[2]['conclusion']): Run =>
    endRun(runWith('running'), how, { now: 7, digest, ...(conclusion && { conclusion }) });

  test('what the digest knows comes along, and the work is still to be kept', () => {
    expect(end(exited, { kind: 'succeeded', answer: 'All done.' })).toMatchObject({
      status: 'succeeded',
      endedAt: 7,
      settled: false,
      answer: 'All done.',
      conversation: 'c1',
      costUsd: 1,
      exitCode: 0,
    });
  });

  test('exit code 0 with an error result is a failure', () => {
    const run = end(exited, { kind: 'failed', reason: 'other', message: 'Out of credit.' });
    expect(run).toMatchObject({ status: 'failed', exitCode: 0, error: { code: 'other', message: 'Out of credit.' } });
  });

  test.each([
    ['timed_out', { kind: 'timed_out', limit: 'stall', stderrTail: '' }, /stall_timeout/],
    ['timed_out', { kind: 'timed_out', limit: 'wall_clock', stderrTail: '' }, /raise timeout/],
    ['lost', { kind: 'lost', started: true, stderrTail: '' }, /work is kept/],
    ['lost', { kind: 'lost', started: false, stderrTail: '' }, /Nothing ran/],
    ['failed', { kind: 'not_started', error: new Error('no room') }, /no room/],
  ] satisfies [RunStatus, RunEnd, RegExp][])('%s says why and what to do', (status, how, message) => {
    expect(end(how)).toMatchObject({ status, error: { message: expect.stringMatching(message) } });
  });

  test('a cancelled run has no error', () => {
    expect(end({ kind: 'cancelled' })).toMatchObject({ status: 'cancelled' });
    expect(end({ kind: 'cancelled' }).error).toBeUndefined();
  });
});
