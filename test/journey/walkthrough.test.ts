import { expect, test } from 'vitest';
import { createSampleRepository } from '../support/workbench/sampleRepository.ts';
import { openWorkbench } from '../support/workbench/workbench.ts';

test('the walkthrough ticks what was done before it was opened, and what is done while it is open', async () => {
  await using repository = await createSampleRepository();
  await using workbench = await openWorkbench({ folder: repository.folder });
  const { page } = workbench;
  const ticked = (step: string) =>
    page.locator(`[data-done-step-id$="#${step}"]`).first().getAttribute('aria-checked', { timeout: 10_000 });
  await page.locator('.activitybar [aria-label^="Muster"]').first().click();
  await page.getByRole('button', { name: 'Apply Compose File' }).first().waitFor();
  await workbench.runCommand('Muster: Show Walkthrough');
  await expect.poll(() => ticked('crew'), { timeout: 30_000 }).toBe('true');
  expect(await ticked('apply')).toBe('false');

  await page.locator('.split-view-view').getByRole('button', { name: 'Apply Compose File' }).first().click();
  await expect.poll(() => ticked('apply'), { timeout: 30_000 }).toBe('true');
  expect(await ticked('dispatch')).toBe('false');
  await workbench.screenshot('walkthrough');
});
