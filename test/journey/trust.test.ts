import { readdir } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { createSampleRepository } from '../support/workbench/sampleRepository.ts';
import { openWorkbench } from '../support/workbench/workbench.ts';

test('nothing runs in a folder that is not trusted, and everything works once it is', async () => {
  await using repository = await createSampleRepository();
  await using workbench = await openWorkbench({
    folder: repository.folder,
    askForTrust: true,
    settings: { 'security.workspace.trust.startupPrompt': 'never' },
  });
  const { page, stateDir } = workbench;

  await page.locator('.activitybar [aria-label^="Muster"]').first().click();
  await page.getByText('does nothing in a folder that you do not trust').waitFor();
  expect(await workbench.paletteEntries('Muster: Dispatch')).not.toContainEqual(
    expect.stringContaining('Dispatch Task'),
  );
  await workbench.screenshot('journey-untrusted');
  // A view's actions show while the pointer is on its header.
  await page.locator('.pane-header', { hasText: 'Projects' }).first().hover();
  await page.getByRole('button', { name: 'Refresh' }).first().click();
  await workbench.runCommand('Muster: Show Threads That Need You');
  await page.getByText('The Muster host is not running.').first().waitFor();
  expect(await readdir(stateDir)).toEqual([]);

  await page.getByRole('button', { name: 'Manage Workspace Trust' }).click();
  await page.locator('.workspace-trust-editor').getByRole('button', { name: 'Trust', exact: true }).click();
  await page
    .locator('.monaco-modal-editor-block')
    .getByRole('button', { name: /^Close/ })
    .first()
    .click();
  await page.getByRole('button', { name: 'Apply Compose File' }).first().click();
  await workbench.treeRow('Projects', 'dev').waitFor();
});
