import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { LiveChange } from '../../../src/client/liveState.js';
import { ReviewedChanges } from '../../../src/extension/review/reviewedChanges.js';
import type { HostConnection } from '../../../src/extension/host/hostConnection.js';

test('a review that is closed while its changes are read is not read again, for ever', async () => {
  const threads = new Map([['thread000001', { head: 'a', baseCommit: 'b', updatedAt: 1n }]]);
  let calls = 0;
  let answer = (): void => undefined;
  let tell: (change: Partial<LiveChange>) => void = () => undefined;
  const listChanges = async () => {
    calls++;
    if (calls > 10) throw new Error('It reads again and again');
    if (calls > 1) await new Promise<void>(resolve => (answer = resolve));
    return { files: [{ file: { path: 'a.ts' }, hunks: [] }] };
  };
  const changes = new ReviewedChanges({
    threads,
    client: async () => ({ reviews: { listChanges } }),
    onDidChange: (listener: typeof tell) => {
      tell = listener;
      return { dispose: () => undefined };
    },
  } as unknown as HostConnection);

  await changes.show('thread000001');
  threads.set('thread000001', { head: 'c', baseCommit: 'b', updatedAt: 2n });
  tell({ threads: ['thread000001'] });
  await setImmediate();
  changes.close();
  answer();
  // With a loop of promises this would never come.
  await setImmediate();
  await setImmediate();
  expect(calls).toBe(2);
  expect(changes.files).toEqual([]);
});

test('a comment that is written, and a merge, are told at once, and nothing is read again for them', async () => {
  const thread = { head: 'a', baseCommit: 'b', updatedAt: 1n, draftComments: 0, openComments: 0, status: 'ready' };
  const threads = new Map([['thread000001', thread]]);
  let calls = 0;
  let tell: (change: Partial<LiveChange>) => void = () => undefined;
  const changes = new ReviewedChanges({
    threads,
    client: async () => ({ reviews: { listChanges: async () => ({ files: [], calls: calls++ }) } }),
    onDidChange: (listener: typeof tell) => {
      tell = listener;
      return { dispose: () => undefined };
    },
  } as unknown as HostConnection);
  const told: number[] = [];
  changes.onDidChange(() => told.push(changes.thread?.draftComments ?? -1));
  await changes.show('thread000001');
  for (const later of [{ draftComments: 1 }, { draftComments: 1 }, { draftComments: 1, status: 'merged' }]) {
    threads.set('thread000001', { ...thread, ...later });
    tell({ threads: ['thread000001'] });
  }
  await setImmediate();
  expect([told, calls]).toEqual([[0, 1, 1], 1]);
});
