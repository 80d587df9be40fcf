import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import { untold } from '../../../src/extension/notifications/untoldFires.js';
import { FireSchema, type Fire } from '../../../src/protocol/gen/muster/v1/schedules_pb.js';

const fire = (sequence: number, more: MessageInitShape<typeof FireSchema>): Fire =>
  create(FireSchema, { sequence: BigInt(sequence), at: 1n, outcome: 'started', ...more });

test('what failed without a thread is told once: a run that could not be queued, a script that threw', () => {
  const fires = [
    fire(1, { outcome: 'failed', reason: 'The queue is full.' }),
    fire(2, { scriptRunId: 'a', runStatus: 'failed' }),
    fire(3, { scriptRunId: 'b', runStatus: 'timed_out' }),
    fire(4, { scriptRunId: 'c', runStatus: 'running' }),
    // Its thread needs the person, and says so itself.
    fire(5, { threadId: 't', runStatus: 'failed' }),
    fire(6, { outcome: 'skipped' }),
  ];
  const news = untold(fires, new Set());
  expect(news.map(each => Number(each.fire.sequence))).toEqual([1, 2, 3]);
  expect(untold(fires, new Set(news.map(({ key }) => key)))).toEqual([]);
  // Tried once more by a person, and in vain.
  const again = [fire(1, { outcome: 'failed', at: 9n })];
  expect(untold(again, new Set(news.map(({ key }) => key)))).toHaveLength(1);
});
