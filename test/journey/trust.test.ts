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
  await page.getByText('only shows what there is in a folder that you do not trust').waitFor();
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

  await workbench.runCommand('Muster: Dispatch Task');
  await page.locator('.quick-input-widget .monaco-list-row', { hasText: 'dev' }).waitFor();
  await page.keyboard.press('Enter');
  await workbench.waitForTab('Untitled');
  await page.getByText('Dispatch to dev').waitFor();
  await page.keyboard.type('Say hello');
  await page.keyboard.press('Control+Enter');
  await workbench.treeRow('Threads', 'Say hello').waitFor();

  // Another window, of somebody who has not said that they trust the folder, beside the same host.
  await using other = await openWorkbench({
    folder: repository.folder,
    askForTrust: true,
    settings: { 'security.workspace.trust.startupPrompt': 'never' },
    env: { MUSTER_HOME: stateDir },
  });
  await other.page.locator('.activitybar [aria-label^="Muster"]').first().click();
  const row = other.treeRow('Threads', 'Say hello');
  await row.waitFor();
  await other.treeRow('Projects', 'dev').waitFor();
  await other.screenshot('journey-untrusted-beside-a-host');
  expect(await other.paletteEntries('Muster: Dispatch')).not.toContainEqual(expect.stringContaining('Dispatch Task'));
  await other.page.keyboard.press('Escape');
  await row.click();
  await other.waitForTab('Say hello');
  const threadPage = other.page.frameLocator('iframe.webview').first().frameLocator('iframe#active-frame');
  await threadPage.getByText('Say hello').first().waitFor();
  const followUp = threadPage.getByRole('textbox').first();
  await followUp.fill('And goodbye');
  await followUp.press('Control+Enter');
  await threadPage.getByText('only shows what there is in a folder that you do not trust').first().waitFor();
  await other.screenshot('journey-untrusted-page');
});
