import { expect, test } from 'vitest';
import { unkeptBudgets } from '../../../../src/core/models/unkeptBudgets.js';
import { specOf } from '../../../support/projectSpecs.js';

const specWith = (agent: object) =>
  specOf(
    JSON.stringify({ providers: { own: { command: 'sh' } }, agents: { dev: agent, other: { provider: 'demo' } } }),
  );

test.each([
  ['Claude Code by its own login', { provider: 'claude', budget: { usd: 2.5 } }],
  ['Codex by its own login', { provider: 'codex', llm: 'own', budget: { tokens_per_day: 1000 } }],
  ['a command of the file', { provider: 'own', budget: { usd_per_run: 1 } }],
  ['a command of the file in a container', { provider: 'own', driver: { docker: {} }, image: 'i', budget: { usd: 1 } }],
])('a budget that nobody can keep is named: %s', (_, agent) => {
  expect(unkeptBudgets(specWith(agent))).toEqual(['dev']);
});

test.each([
  ['through the host', { provider: 'claude', llm: 'facade', budget: { usd: 2.5 } }],
  ['a command of the file through the host', { provider: 'own', llm: 'facade', budget: { usd: 2.5 } }],
  [
    'in a container, whose only way is the host',
    { provider: 'codex', driver: { docker: {} }, image: 'i', budget: { usd: 1 } },
  ],
  ['none', { provider: 'claude' }],
])('one that can be kept is not: %s', (_, agent) => {
  expect(unkeptBudgets(specWith(agent))).toEqual([]);
});
