import { expect, test } from 'vitest';
import { enforcement } from '../../../../src/drivers/kubernetes/check/networkProbe.js';

/** What each look finds, the last one again and again. */
function looks(...found: readonly boolean[]): () => Promise<boolean> {
  let at = 0;
  return async () => found[Math.min(at++, found.length - 1)] ?? false;
}

const { signal } = new AbortController();
const clock = { sleep: async () => undefined };

test.each([
  { case: 'the policy holds from the beginning', free: looks(true), closed: looks(false), comes: 'enforced' },
  { case: 'the plugin needs a while', free: looks(true), closed: looks(true, true, false), comes: 'enforced' },
  { case: 'nobody enforces it', free: looks(true), closed: looks(true), comes: 'open' },
  { case: 'no pod reaches another', free: looks(false), closed: looks(false), comes: 'unreachable' },
  { case: 'what was to be reached went away', free: looks(true, false), closed: looks(false), comes: 'unreachable' },
])('whether network policies are enforced: $case', async ({ free, closed, comes }) => {
  expect(await enforcement({ free, closed }, clock, signal)).toBe(comes);
});
