/**
 * The thread page in the real workbench, beside a webview that does nothing (VS Code's Markdown preview of an empty file) in the
 * same window: what Muster adds to what any webview costs.
 */
import { chmod, writeFile } from 'node:fs/promises';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { FrameLocator, Locator, Page } from 'playwright-core';
import type { Figure } from '../../src/build/benchFigures.ts';
import { createSampleRepository } from '../support/workbench/sampleRepository.ts';
import { provideInstalledExtension } from '../support/workbench/installedExtension.ts';
import { openWorkbench, type Workbench } from '../support/workbench/workbench.ts';
import { percentile } from './figures.ts';

const run = promisify(execFile);
const rounds = 5;
const lines = 20_000;

/** Says what it is told to say; waits when it is told to wait. */
const agent = `#!/bin/sh
task=$(cat)
case "$task" in
  *much*) seq -f 'Line %.0f' 1 ${lines} ;;
  *wait*) echo 'I wait.'; sleep 600 ;;
  *) echo 'Nothing much.' ;;
esac
`;

const compose = (command: string): string => `name: measured
providers:
  teller: { command: ${command}, input: stdin, output: { format: text } }
agents:
  dev: { provider: teller }
`;

/** First rows over an empty webview, a long conversation, and how soon a row shows that its agent was stopped. */
export async function measure(): Promise<readonly Figure[]> {
  await using resources = new AsyncDisposableStack();
  resources.use(await provideInstalledExtension());
  await using repository = await createSampleRepository();
  const { folder } = repository;
  const command = join(folder, '..', 'teller');
  await writeFile(command, agent);
  await chmod(command, 0o755);
  await writeFile(join(folder, 'agent-compose.yml'), compose(command));
  await writeFile(join(folder, 'empty.md'), '');
  await run('git', ['add', '.'], { cwd: folder });
  await run('git', ['commit', '--quiet', '--message', 'What is measured'], { cwd: folder });
  const settings = { 'workbench.editorAssociations': { '*.md': 'vscode.markdown.preview.editor' } };
  await using workbench = await openWorkbench({ folder, settings });
  const empty = await emptyWebview(workbench);
  await apply(workbench);
  await dispatch(workbench, 'Say a little');
  await dispatch(workbench, 'Say much');
  await dispatch(workbench, 'Please wait');
  const little = await opened(workbench, 'Say a little', 'Nothing much.');
  const much = await opened(workbench, 'Say much', `Line ${lines}`);
  const stop = await stopped(workbench);
  const over = percentile(little, 0.5) - percentile(empty, 0.5);
  const note = `an empty webview: ${percentile(empty, 0.5).toFixed(0)} ms, ${rounds} rounds`;
  return [
    { name: 'first rows of a thread page, over an empty webview, p50', value: over, unit: 'ms', budget: 100, note },
    {
      name: `${lines} lines of a thread page, all there, p50`,
      value: percentile(much, 0.5),
      unit: 'ms',
      budget: 2_000,
    },
    { name: 'Stop → its row has changed', value: stop, unit: 'ms', budget: 200 },
  ];
}

async function emptyWebview(workbench: Workbench): Promise<readonly number[]> {
  const { page } = workbench;
  const file = page.locator('.explorer-folders-view .monaco-list-row', { hasText: 'empty.md' });
  return await times(page, file, content(page).locator('.markdown-body'));
}

async function opened(workbench: Workbench, title: string, text: string): Promise<readonly number[]> {
  const { page } = workbench;
  const row = workbench.treeRow('Threads', title);
  await row.waitFor({ timeout: 60_000 });
  return await times(page, row, content(page).getByText(text, { exact: false }).last());
}

/** From the click to the content, with the tab closed before each round; the first round warms up. */
async function times(page: Page, target: Locator, shown: Locator): Promise<readonly number[]> {
  const samples: number[] = [];
  for (let round = 0; round <= rounds; round++) {
    await page.keyboard.press('Escape');
    const started = performance.now();
    await target.click();
    await shown.waitFor({ state: 'attached', timeout: 60_000 });
    if (round > 0) samples.push(performance.now() - started);
    await page.locator('.tabs-container .tab.active').first().click({ button: 'middle' });
    await shown.waitFor({ state: 'detached' });
  }
  return samples;
}

async function apply(workbench: Workbench): Promise<void> {
  const { page } = workbench;
  await page.locator('.activitybar [aria-label^="Muster"]').first().click();
  await page.getByRole('button', { name: 'Apply Compose File' }).first().click();
  await page.getByRole('button', { name: 'Apply and Allow' }).click();
  await workbench.treeRow('Projects', 'dev').waitFor();
}

async function dispatch(workbench: Workbench, task: string): Promise<void> {
  const { page } = workbench;
  await workbench.runCommand('Muster: Dispatch Task');
  await page.locator('.quick-input-widget .monaco-list-row', { hasText: 'dev' }).waitFor();
  await page.keyboard.type(task);
  await page.keyboard.press('Enter');
  await workbench.treeRow('Threads', task).waitFor();
}

async function stopped(workbench: Workbench): Promise<number> {
  const row = workbench.treeRow('Threads', 'Please wait');
  await row.hover();
  const label = await row.getAttribute('aria-label');
  const started = performance.now();
  await row.getByRole('button', { name: 'Stop Thread' }).click();
  await workbench.page.waitForFunction(
    before =>
      ![...document.querySelectorAll('.monaco-list-row')].some(each => each.getAttribute('aria-label') === before),
    label,
  );
  return performance.now() - started;
}

function content(page: Page): FrameLocator {
  return page.frameLocator('iframe.webview').first().frameLocator('iframe#active-frame');
}
