import { expect, test } from 'vitest';
import { create } from '@bufbuild/protobuf';
import { chainStateOf } from '../../../src/protocol/chainState.js';
import { ChainSchema } from '../../../src/protocol/gen/muster/v1/threads_pb.js';

test('what agents approved is a commit: a thread that has another one by now is not approved', () => {
  const approved = (...commits: readonly string[]) =>
    create(ChainSchema, {
      state: 'approved',
      said: commits.map(commit => ({ agent: 'a', verdict: 'approve', commit })),
    });
  expect(chainStateOf(approved('c1', 'c1'), { head: 'c1' })).toBe('approved');
  expect(chainStateOf(approved('c1'), { head: 'c2' })).toBe('approvedEarlier');
  // An earlier version did not write down what was looked at.
  expect(chainStateOf(approved(''), { head: 'c2' })).toBe('approved');
  expect(chainStateOf(create(ChainSchema, { state: 'going' }), { head: 'c2' })).toBe('going');
});
