import { expect, test } from 'vitest';
import { parseId } from '../../../../src/base/ids.js';
import type { DriverSpec } from '../../../../src/compose/projectSpec.js';
import { isFor, poolOf, type Sandbox } from '../../../../src/core/sandboxes/sandbox.js';

const one = 'tcp://one:2376';
const two = 'tcp://two:2376';
const pool: DriverSpec = { name: 'docker', hosts: [one, two] };
const placed: DriverSpec = { name: 'docker', host: two };

function sandbox(driver: DriverSpec): Sandbox {
  const id = parseId<'sandbox'>('000000000000');
  const threadId = parseId<'thread'>('000000000001');
  return { id, threadId, agent: 'dev', driver, image: '', state: 'ready', createdAt: 0, usedAt: 0 };
}

test.each([
  { case: 'is on one of them', driver: placed, wants: pool, goesOn: true, choice: [two] },
  { case: 'is on none yet', driver: pool, wants: pool, goesOn: true, choice: [one, two] },
  { case: 'is on one that was taken out', driver: placed, wants: { name: 'docker', hosts: [one] }, goesOn: false },
  { case: 'has one engine as ever', driver: placed, wants: placed, goesOn: true, choice: undefined },
] as const)('an agent whose sandbox $case', ({ driver, wants, goesOn, ...rest }) => {
  expect(isFor(sandbox(driver), 'dev', wants)).toBe(goesOn);
  if ('choice' in rest) expect(poolOf(sandbox(driver), wants)).toEqual(rest.choice);
});
