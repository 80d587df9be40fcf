import { expect, test } from 'vitest';
import { createSampleRepository } from '../support/workbench/sampleRepository.ts';
import { openWorkbench } from '../support/workbench/workbench.ts';

test('the walkthrough ticks what was done, and who is elsewhere hears of what is done', async () => {
  await using repository = await createSampleRepository();
  await using workbench = await openWorkbench({
    folder: repository.folder,
    settings: { 'muster.notifications.ready': 'own' },
  });
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

  await workbench.runCommand('View: Show Explorer');
  await workbench.runCommand('Muster: Dispatch Task');
  await page.locator('.quick-input-widget .monaco-list-row', { hasText: 'dev' }).waitFor();
  await page.locator('.quick-input-widget input').first().fill('Add a farewell');
  await page.locator('.quick-input-widget .monaco-list-row', { hasText: 'Dispatch: Add' }).waitFor();
  await page.keyboard.press('Enter');
  const told = page.locator('.notification-toast', { hasText: 'Add a farewell: ready for review' });
  await told.getByRole('button', { name: 'Review changes' }).waitFor({ timeout: 60_000 });
  await expect.poll(() => ticked('dispatch'), { timeout: 30_000 }).toBe('true');
  await workbench.screenshot('walkthrough');
});
