import { execFile } from 'node:child_process';
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { createSampleRepository } from '../support/workbench/sampleRepository.ts';
import { openWorkbench } from '../support/workbench/workbench.ts';

const run = promisify(execFile);

test('a reload of the window costs an agent nothing, and its page comes back', async () => {
  await using repository = await createSampleRepository();
  const { folder } = repository;
  const gate = join(folder, '..', 'gate');
  const agent = join(folder, '..', 'patient');
  // Works until the gate is there, so that the reload happens in the middle of the run, whatever the machine's speed.
  const script = `#!/bin/sh
cat > /dev/null
echo 'Waiting for the gate.'
while [ ! -e '${gate}' ] && [ -d '${folder}' ]; do sleep 0.1; done
echo 'export const done = true;' > src/done.js
echo 'The gate opened.'
`;
  await writeFile(agent, script);
  await chmod(agent, 0o755);
  const compose = `name: patience
providers:
  patient: { command: ${agent}, input: stdin, output: { format: text } }
agents:
  dev: { provider: patient }
`;
  await writeFile(join(folder, 'agent-compose.yml'), compose);
  await run('git', ['commit', '--quiet', '--all', '--message', 'A patient agent'], { cwd: folder });
  await using workbench = await openWorkbench({ folder });
  const { page } = workbench;

  await page.locator('.activitybar [aria-label^="Muster"]').first().click();
  await page.getByRole('button', { name: 'Apply Compose File' }).first().click();
  await page.getByText('asks for your consent').waitFor();
  await workbench.screenshot('journey-consent');
  await page.getByRole('button', { name: 'Apply and Allow' }).click();
  await workbench.treeRow('Projects', 'dev').waitFor();

  await workbench.runCommand('Muster: Dispatch Task');
  await page.locator('.quick-input-widget .monaco-list-row', { hasText: 'dev' }).waitFor();
  await page.keyboard.press('Enter');
  await workbench.waitForTab('Untitled');
  await page.getByText('Dispatch to dev').waitFor();
  await page.keyboard.type('Wait until the gate opens');
  await workbench.screenshot('journey-task-document');
  await page.keyboard.press('Control+Enter');
  const row = workbench.treeRow('Threads', 'Wait until the gate opens');
  await row.click();
  await workbench.waitForTab('Wait until the gate opens');
  const threadPage = page.frameLocator('iframe.webview').first().frameLocator('iframe#active-frame');
  await threadPage.getByText('Waiting for the gate.').first().waitFor();

  // By command, as a person does: a browser that is told to reload does not let the workbench store its state.
  const reload = async (): Promise<void> => {
    const reloaded = page.waitForEvent('load');
    await workbench.runCommand('Developer: Reload Window');
    await reloaded;
    await page.locator('.monaco-workbench .statusbar').waitFor({ timeout: 60_000 });
    await workbench.waitForTab('Wait until the gate opens');
  };
  await row.click();
  await reload();
  await threadPage.getByText('Waiting for the gate.').first().waitFor({ timeout: 60_000 });
  await expect
    .poll(() => workbench.treeRows('Threads'), { timeout: 30_000 })
    .toContainEqual(expect.stringMatching(/^Working, Wait/));
  await workbench.screenshot('journey-reloaded');

  // Hidden behind another tab it is not brought back before somebody looks: opening it makes no second one.
  await workbench.runCommand('Muster: Show Board');
  await workbench.waitForTab('Muster Board');
  await reload();
  await row.click({ timeout: 60_000 });
  await page.locator('.tabs-container .tab.active', { hasText: 'Wait until the gate opens' }).waitFor();
  await threadPage.getByText('Waiting for the gate.').first().waitFor({ timeout: 60_000 });
  await expect.poll(() => page.locator('.tabs-container .tab', { hasText: 'Wait until the gate' }).count()).toBe(1);

  await writeFile(gate, '');
  await expect
    .poll(() => workbench.treeRows('Threads'), { timeout: 60_000 })
    .toContainEqual(expect.stringMatching(/^Ready for review, Wait until the gate opens/));
  await threadPage.getByText('The gate opened.').first().waitFor();
});
