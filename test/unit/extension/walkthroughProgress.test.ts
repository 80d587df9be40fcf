import { expect, it } from 'vitest';
import { walkthroughSteps } from '../../../src/extension/manifest/walkthroughTable.js';
import { stepsTaken } from '../../../src/extension/walkthroughProgress.js';

it('ticks each step by what was done, not by a command that somebody may have dismissed', () => {
  const nothing = { hasComposeFile: false, hasProject: false, threads: [] };
  const dispatched = { shownHead: '', status: 'working' };
  expect(stepsTaken(nothing)).toEqual([]);
  expect(stepsTaken({ ...nothing, hasComposeFile: true })).toEqual(['crew']);
  expect(stepsTaken({ hasComposeFile: true, hasProject: true, threads: [dispatched] })).toEqual([
    'crew',
    'apply',
    'dispatch',
  ]);
  const merged = { shownHead: 'a1', status: 'merged' };
  expect(stepsTaken({ hasComposeFile: true, hasProject: true, threads: [merged] })).toEqual(
    walkthroughSteps.map(({ id }) => id),
  );
});
