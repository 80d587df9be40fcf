import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { createSampleRepository } from '../support/workbench/sampleRepository.ts';
import { openWorkbench } from '../support/workbench/workbench.ts';

const run = promisify(execFile);

test('a person dispatches a task, watches it, reviews it and finds the commit on main', async () => {
  await using repository = await createSampleRepository();
  const git = async (...args: readonly string[]): Promise<string> =>
    (await run('git', args, { cwd: repository.folder })).stdout.trim();
  const before = await git('rev-parse', 'main');
  await using workbench = await openWorkbench({ folder: repository.folder });
  const { page } = workbench;

  await page.locator('.activitybar [aria-label^="Muster"]').first().click();
  const apply = page.getByRole('button', { name: 'Apply Compose File' }).first();
  await apply.waitFor();
  await workbench.screenshot('journey-1-welcome');

  await apply.click();
  await workbench.treeRow('Projects', 'dev').waitFor();
  await workbench.screenshot('journey-2-applied');

  await workbench.runCommand('Muster: Dispatch Task');
  const input = page.locator('.quick-input-widget input').first();
  await input.waitFor();
  await page.locator('.quick-input-widget .monaco-list-row', { hasText: 'dev' }).waitFor();
  await workbench.screenshot('journey-3-agents');
  await input.fill('Add a farewell to the greeter');
  await page.locator('.quick-input-widget .monaco-list-row', { hasText: 'Dispatch: Add a farewell' }).waitFor();
  await workbench.screenshot('journey-4-task');
  await page.keyboard.press('Enter');

  const row = workbench.treeRow('Threads', 'Add a farewell to the greeter');
  await row.waitFor();
  await expect.poll(() => workbench.treeRows('Threads')).toContainEqual(expect.stringMatching(/^Working/));
  await workbench.screenshot('journey-5-working');
  await row.click();
  await workbench.waitForTab('Add a farewell to the greeter');
  const threadPage = page.frameLocator('iframe.webview').first().frameLocator('iframe#active-frame');
  await threadPage.getByText('Add a farewell to the greeter').first().waitFor();
  await workbench.screenshot('journey-6-thread-page');

  await expect
    .poll(() => workbench.treeRows('Threads'), { timeout: 60_000 })
    .toContainEqual(expect.stringMatching(/^Ready for review, Add a farewell to the greeter/));
  await workbench.screenshot('journey-7-ready');

  await row.hover();
  await row.getByRole('button', { name: 'Review Changes' }).click();
  await workbench.waitForTab('Review: Add a farewell');
  await page.locator('.multiDiffEntry').first().waitFor();
  await page.getByRole('button', { name: 'Merge Thread' }).first().waitFor();
  await workbench.screenshot('journey-8-review');
  expect(await git('rev-parse', 'main')).toBe(before);

  await page.locator('.editor-actions').getByRole('button', { name: 'Merge Thread' }).first().click();
  await expect.poll(() => git('rev-parse', 'main'), { timeout: 60_000 }).not.toBe(before);
  await expect
    .poll(() => workbench.treeRows('Threads'), { timeout: 30_000 })
    .toContainEqual(expect.stringMatching(/^Done, 1 thread/));
  await workbench.screenshot('journey-9-merged');

  expect(await git('log', '-1', '--format=%s%n%b', 'main')).toContain('Add a farewell to the greeter');
  expect(await git('status', '--porcelain', '--untracked-files=no')).toBe('');
});
