import { expect, test } from 'vitest';
import { finishedThread } from './support/threadFixtures.js';
import { threadPages } from './support/threadPages.js';

const withPage = threadPages();

test('text that is nested without end is shown as it was written, alone: the rest of the page is there', async () => {
  const deep = [
    `${'>'.repeat(3_000)}quoted`,
    `${'> '.repeat(700)}quoted less`,
    `${'- '.repeat(3_000)}listed`,
    `${'1. '.repeat(2_000)}numbered`,
    `${'**'.repeat(1_500)}loud${'**'.repeat(1_500)}`,
  ];
  const entries = ['**Before** it', ...deep, '**After** it'].map(text => ({ kind: 'text' as const, text }));
  await withPage([...finishedThread(), { type: 'transcript', runId: 'run000000001', entries }], async ({ page }) => {
    await page.locator('.prose strong').getByText('After').waitFor();
    for (const words of ['loud', 'numbered'])
      expect(await page.locator('.prose').filter({ hasText: words }).count(), words).toBeGreaterThan(0);
  });
});
