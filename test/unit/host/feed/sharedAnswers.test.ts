import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import type { RunId, ThreadId } from '../../../../src/base/ids.js';
import type { FeedEntry } from '../../../../src/host/feed/changeFeed.js';
import { SharedAnswers } from '../../../../src/host/feed/sharedAnswers.js';
import { WatchResponseSchema } from '../../../../src/protocol/gen/muster/v1/events_pb.js';

function changes(sequence: number, threads: readonly string[], runs: readonly string[] = []): FeedEntry {
  const dirty = { projects: new Set<never>(), threads: new Set(threads as ThreadId[]), runs: new Set(runs as RunId[]) };
  return { kind: 'changes', sequence, dirty };
}

function world() {
  let made = 0;
  let now = 0;
  const answers = new SharedAnswers(
    entry => {
      made++;
      const head = { epoch: 'epoch', sequence: BigInt(entry.sequence) };
      if (entry.kind === 'heartbeat')
        return create(WatchResponseSchema, { ...head, update: { case: 'heartbeat', value: {} } });
      const ids = entry.kind === 'changes' ? [...entry.dirty.threads] : ['everything'];
      const value = { threads: ids.map(id => ({ id, summary: 'Plant a tree 🌳' })), runIds: ['r'] };
      return create(WatchResponseSchema, { ...head, update: { case: 'changes', value } });
    },
    () => now,
  );
  return { answers, made: () => made, pass: (ms: number) => (now += ms) };
}

test('who has seen the same gets one answer, made once; who has seen less gets another one', () => {
  const { answers, made } = world();
  const first = answers.of(changes(7, ['a', 'b'], ['r']));
  for (let watcher = 0; watcher < 1_000; watcher++) expect(answers.of(changes(7, ['b', 'a'], ['r']))).toBe(first);
  expect(made()).toBe(1);
  expect(answers.of(changes(7, ['a'], ['r']))).not.toBe(first);
  expect(answers.of({ kind: 'snapshot', sequence: 7 })).not.toBe(first);
  expect(made()).toBe(3);
});

test('a later change is never answered with an earlier one', () => {
  const { answers } = world();
  answers.of(changes(7, ['a']));
  expect(answers.of(changes(8, ['a'])).message.sequence).toBe(8n);
  expect(answers.of(changes(9, ['a'])).message.sequence).toBe(9n);
});

test('what changes without an event is seen by who comes later, though nothing else has happened', () => {
  const { answers, made, pass } = world();
  answers.of({ kind: 'snapshot', sequence: 7 });
  pass(60_000);
  answers.of({ kind: 'snapshot', sequence: 7 });
  expect(made()).toBe(2);
});

test('answers to those who missed something of their own each are not gathered', () => {
  const { answers, made } = world();
  for (let reader = 0; reader < 1_000; reader++) answers.of(changes(7, [`missed ${reader}`]));
  // The first of them would have to be made again.
  answers.of(changes(7, ['missed 0']));
  expect(made()).toBe(1_001);
});

test.each([changes(7, ['a', 'b']), { kind: 'heartbeat', sequence: 7 } as const])(
  'what is written already is, for its reader, the message',
  entry => {
    const { message, written } = world().answers.of(entry);
    const read = fromBinary(WatchResponseSchema, toBinary(WatchResponseSchema, written));
    expect(read).toEqual(message);
  },
);
