import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createSampleRepository } from '../support/workbench/sampleRepository.ts';
import { openWorkbench, type Workbench } from '../support/workbench/workbench.ts';

async function applyAndDispatch(workbench: Workbench): Promise<void> {
  const { page } = workbench;
  await page.locator('.activitybar [aria-label^="Muster"]').first().click();
  await page.getByRole('button', { name: 'Apply Compose File' }).first().click();
  await workbench.treeRow('Projects', 'dev').waitFor();
  await workbench.runCommand('Muster: Dispatch Task');
  await page.locator('.quick-input-widget .monaco-list-row', { hasText: 'dev' }).waitFor();
  await page.locator('.quick-input-widget input').first().fill('Add a farewell');
  await page.locator('.quick-input-widget .monaco-list-row', { hasText: 'Dispatch: Add a farewell' }).waitFor();
  await page.keyboard.press('Enter');
  await expect
    .poll(() => workbench.treeRows('Threads'), { timeout: 60_000 })
    .toContainEqual(expect.stringMatching(/^Ready for review, Add a farewell/));
}

async function hostPid(workbench: Workbench): Promise<number> {
  const endpoint: unknown = JSON.parse(await readFile(join(workbench.stateDir, 'endpoint.json'), 'utf8'));
  if (typeof endpoint !== 'object' || endpoint === null || !('pid' in endpoint)) throw new Error('not an endpoint');
  return Number(endpoint.pid);
}

test('a host that was stopped is said to be, and the next command starts one', async () => {
  await using repository = await createSampleRepository();
  await using workbench = await openWorkbench({ folder: repository.folder });
  const { page } = workbench;
  await applyAndDispatch(workbench);
  const first = await hostPid(workbench);

  await workbench.runCommand('Muster: Stop Host');
  await page.getByRole('dialog').getByRole('button', { name: 'Stop Host' }).click();
  await page.getByText('The host is not running: this is what was known last.').waitFor();
  await workbench.treeRow('Threads', 'Add a farewell').waitFor();
  await workbench.screenshot('journey-host-stopped');

  await workbench.treeRow('Threads', 'Add a farewell').hover();
  await page.getByRole('button', { name: 'Review Changes' }).first().click();
  await workbench.waitForTab('Review: Add a farewell');
  await expect.poll(() => hostPid(workbench).catch(() => first)).not.toBe(first);
  await page.getByText('The host is not running: this is what was known last.').waitFor({ state: 'detached' });
});

test('the host can run inside the window', async () => {
  await using repository = await createSampleRepository();
  await using workbench = await openWorkbench({
    folder: repository.folder,
    settings: { 'muster.host.mode': 'embedded' },
  });
  await applyAndDispatch(workbench);
  await workbench.runCommand('Muster: Show Host Status');
  await workbench.page.locator('.quick-input-widget .monaco-list-row', { hasText: '(embedded)' }).waitFor();
  await workbench.screenshot('journey-host-status');
});
