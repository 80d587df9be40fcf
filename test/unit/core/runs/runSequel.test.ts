import { describe, expect, test } from 'vitest';
import { person } from '../../../../src/core/messages/message.js';
import type { Run } from '../../../../src/core/runs/run.js';
import { after } from '../../../../src/core/runs/runSequel.js';
import type { RunEnd } from '../../../../src/core/runs/runSupervisor.js';
import { countingIds } from '../../../support/ids.js';

const ids = countingIds();

function endedRun(more: Partial<Run>): Run {
  return {
    id: ids.next(),
    threadId: ids.next(),
    messageId: ids.next(),
    agent: 'dev',
    provider: 'claude',
    model: 'opus',
    status: 'succeeded',
    generation: 3,
    queuedAt: 1,
    startedAt: 2,
    endedAt: 9,
    settled: false,
    ...more,
  };
}

const exited: RunEnd = { kind: 'exited', exit: { code: 0, endedAt: 9 }, stderrTail: '' };

describe('after a run', () => {
  test('its answer goes to the person', () => {
    const run = endedRun({ answer: 'Done.' });
    expect(after(run, exited, { now: 9, retryInMs: undefined })).toEqual({
      messages: [
        {
          threadId: run.threadId,
          from: 'dev',
          to: person,
          intent: 'response',
          body: 'Done.',
          createdAt: 9,
          runId: run.id,
        },
      ],
      runs: [],
      events: [{ kind: 'run_changed', threadId: run.threadId, runId: run.id, status: 'succeeded' }],
    });
  });

  test('what went wrong goes to the person, also when there was an answer', () => {
    const run = endedRun({ status: 'failed', answer: 'Half', error: { code: 'other', message: 'No key.' } });
    expect(after(run, exited, { now: 9, retryInMs: undefined }).messages).toMatchObject([
      { intent: 'error', body: 'No key.' },
    ]);
  });

  test('a run that said nothing, and one that was cancelled, leave no message', () => {
    expect(after(endedRun({}), exited, { now: 9, retryInMs: undefined }).messages).toEqual([]);
    expect(
      after(endedRun({ status: 'cancelled', answer: 'x' }), { kind: 'cancelled' }, { now: 9, retryInMs: undefined })
        .messages,
    ).toEqual([]);
  });

  test('a message that never ran gets a fresh run', () => {
    const run = endedRun({ status: 'lost', error: { code: 'lost', message: 'Nothing ran.' } });
    const { runs } = after(run, { kind: 'lost', started: false, stderrTail: '' }, { now: 12, retryInMs: undefined });
    expect(runs).toEqual([
      {
        run: {
          threadId: run.threadId,
          messageId: run.messageId,
          agent: 'dev',
          provider: 'claude',
          model: 'opus',
          status: 'queued',
          generation: 0,
          queuedAt: 12,
          settled: false,
        },
      },
    ]);
  });

  test('one that may have run does not', () => {
    const run = endedRun({ status: 'lost', error: { code: 'lost', message: 'Gone.' } });
    expect(after(run, { kind: 'lost', started: true, stderrTail: '' }, { now: 12, retryInMs: undefined }).runs).toEqual(
      [],
    );
  });

  test('one that is tried again says nothing, and waits for its time', () => {
    const run = endedRun({ status: 'failed', error: { code: 'unavailable', message: 'Gone.' } });
    expect(after(run, exited, { now: 12, retryInMs: 30 })).toMatchObject({
      messages: [],
      runs: [{ run: { messageId: run.messageId, status: 'queued' }, dueAt: 42 }],
    });
  });
});
