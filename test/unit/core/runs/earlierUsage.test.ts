import { expect, it } from 'vitest';
import type { Usage } from '../../../../src/core/agents/agentEvent.js';
import { withoutEarlierRuns } from '../../../../src/core/runs/earlierUsage.js';
import type { Run } from '../../../../src/core/runs/run.js';

const earlier = [
  { inputTokens: 100, outputTokens: 10, costUsd: 0.5 },
  { inputTokens: 50, outputTokens: 5, costUsd: 0.25 },
] as unknown as readonly Run[];
const usage: Usage = { kind: 'usage', total: true, inputTokens: 180, outputTokens: 40, costUsd: 1 };

it('takes the tokens of earlier runs off a count of the whole conversation', () => {
  expect(withoutEarlierRuns({ ...usage, wholeConversation: 'tokens' }, earlier)).toMatchObject({
    inputTokens: 30,
    outputTokens: 25,
    costUsd: 1,
  });
});

it('takes the cost of earlier runs off', () => {
  expect(withoutEarlierRuns({ ...usage, wholeConversation: 'cost' }, earlier)).toMatchObject({
    inputTokens: 180,
    costUsd: 0.25,
  });
});

it('takes both off where both count the whole conversation', () => {
  expect(withoutEarlierRuns({ ...usage, wholeConversation: 'both' }, earlier)).toMatchObject({
    inputTokens: 30,
    outputTokens: 25,
    costUsd: 0.25,
  });
});

it('leaves a count alone that is of this run, or began anew', () => {
  expect(withoutEarlierRuns(usage, earlier)).toEqual(usage);
  expect(withoutEarlierRuns({ ...usage, inputTokens: 20, wholeConversation: 'tokens' }, earlier)).toMatchObject({
    inputTokens: 20,
  });
});
