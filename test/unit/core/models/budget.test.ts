import { describe, expect, it } from 'vitest';
import {
  amountOf,
  capsOf,
  reachedCap,
  reachedText,
  type BudgetScope,
  type Cap,
} from '../../../../src/core/models/budget.js';
import type { Spent } from '../../../../src/core/models/modelCall.js';
import { noTokens } from '../../../../src/core/models/tokenCounts.js';
import { specOf } from '../../../support/projectSpecs.js';

const spec = specOf(`
agents:
  dev:
    provider: claude
    llm: facade
    budget: {usd: 2, tokens: 2000, usd_per_run: 1, tokens_per_run: 1000, usd_per_day: 4, tokens_per_day: 4000}
limits: {usd_per_day: 8, tokens_per_day: 8000}
`);
const [agent] = spec.agents;
if (!agent) throw new Error('No agent');
const caps = capsOf(agent, spec.limits, { usdPerDay: 16, tokensPerDay: 16_000 });

const spent = (costUsd: number, output: number): Spent => ({
  calls: 1,
  tokens: { ...noTokens, output },
  costUsd,
  unpriced: 0,
});

describe('budgets', () => {
  it.each<readonly [BudgetScope, number]>([
    ['run', 1],
    ['thread', 2],
    ['agent_day', 4],
    ['project_day', 8],
    ['day', 16],
  ])('of %s are reached at their cap, not below', (scope, usd) => {
    const inScope = (at: Spent) => (cap: Cap) => amountOf(cap, cap.scope === scope ? at : spent(0, 0));
    expect(reachedCap(caps, inScope(spent(usd - 0.000001, 0)))).toBeUndefined();
    expect(reachedCap(caps, inScope(spent(usd, 0)))).toMatchObject({ scope, unit: 'usd' });
    expect(reachedCap(caps, inScope(spent(0, usd * 1000 - 1)))).toBeUndefined();
    expect(reachedCap(caps, inScope(spent(0, usd * 1000)))).toMatchObject({ scope, unit: 'tokens' });
  });

  it('say which was reached, where it stands and what to do', () => {
    const cap = reachedCap(caps, cap => amountOf(cap, spent(1, 0)));
    expect(cap && reachedText(cap)).toBe(
      'The budget of this run is used up: $1 (agents.dev.budget.usd_per_run). Raise it, apply the file and follow up.',
    );
  });

  it('of nothing let nothing start', () => {
    const frozen = capsOf(agent, { usdPerDay: 0 }, {});
    expect(reachedCap(frozen, () => 0)).toMatchObject({ scope: 'project_day' });
  });
});
