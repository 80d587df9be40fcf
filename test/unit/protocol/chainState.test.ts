import { expect, test } from 'vitest';
import { create } from '@bufbuild/protobuf';
import { approvingAgents, chainStateOf } from '../../../src/protocol/chainState.js';
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

test('an agent is said to have approved a thread for the commit that it looked at, and no other', () => {
  const chain = (state: string, commit: string) =>
    create(ChainSchema, {
      state,
      said: [
        { agent: 'dee', verdict: 'approve', commit },
        { agent: 'eve', verdict: 'comment', commit },
      ],
    });
  expect(approvingAgents({ chain: chain('approved', 'c1'), head: 'c1' })).toEqual(['dee']);
  expect(approvingAgents({ chain: chain('approved', 'c1'), head: 'c2' })).toEqual([]);
  expect(approvingAgents({ chain: chain('approved', ''), head: '' })).toEqual([]);
  expect(approvingAgents({ chain: chain('going', 'c1'), head: 'c1' })).toEqual([]);
  expect(approvingAgents({ head: 'c1' })).toEqual([]);
});
