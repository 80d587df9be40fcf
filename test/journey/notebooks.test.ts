import { execFile } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { jupyterPrograms } from '../../src/build/provision/jupyter.ts';
import { endServers } from '../support/guestNotebooks.ts';
import { createSampleRepository } from '../support/workbench/sampleRepository.ts';
import { openWorkbench } from '../support/workbench/workbench.ts';

const run = promisify(execFile);
const cells = [
  ['print("Hello from the guest")', '6 * 7'],
  [
    'from IPython.display import SVG, display',
    'bars = "".join(f\'<rect x="{n * 24}" y="{80 - n * 12}" width="18" height="{n * 12}" fill="#3794ff"/>\' for n in range(1, 7))',
    'display(SVG(f\'<svg xmlns="http://www.w3.org/2000/svg" width="180" height="84">{bars}</svg>\'))',
  ],
  ['import time', 'for n in range(250):', '    print("step", n, flush=True)', '    time.sleep(0.1)', '"all done"'],
];

/** What an agent leaves in its worktree. */
const notebook = {
  cells: cells.map((lines, n) => ({
    cell_type: 'code',
    execution_count: null,
    id: `cell-${n}`,
    metadata: {},
    outputs: [],
    source: lines.map((line, i) => (i < lines.length - 1 ? `${line}\n` : line)),
  })),
  metadata: {},
  nbformat: 4,
  nbformat_minor: 5,
};

test('a guest notebook opens from the palette, runs, and goes on over a reload of the window in the middle of a cell', async () => {
  await using repository = await createSampleRepository();
  const { folder } = repository;
  const agent = join(folder, '..', 'analyst');
  const script = `#!/bin/sh\ncat > /dev/null\nmkdir -p analysis\ncat > analysis/numbers.ipynb <<'EOF'\n${JSON.stringify(notebook)}\nEOF\necho 'A notebook for you.'\n`;
  await writeFile(agent, script);
  await chmod(agent, 0o755);
  const compose = `name: analysis\nproviders:\n  analyst: { command: ${agent}, input: stdin, output: { format: text } }\nagents:\n  dev: { provider: analyst }\n`;
  await writeFile(join(folder, 'agent-compose.yml'), compose);
  await run('git', ['commit', '--quiet', '--all', '--message', 'An analyst'], { cwd: folder });
  await using workbench = await openWorkbench({
    folder,
    settings: { 'security.workspace.trust.untrustedFiles': 'open' },
  });
  // Where Muster installs a Jupyter of its own: the extension host has the PATH of a login shell, which knows none.
  await mkdir(workbench.stateDir, { recursive: true });
  await symlink(dirname(jupyterPrograms()), join(workbench.stateDir, 'jupyter'));
  // They outlive the window and its host.
  await using resources = new AsyncDisposableStack();
  resources.defer(() => endServers(workbench));
  const { page } = workbench;
  const picks = page.locator('.quick-input-widget .monaco-list-row');
  const outputs = page.frameLocator('iframe.webview.ready').first().frameLocator('iframe#active-frame').locator('body');

  await page.locator('.activitybar [aria-label^="Muster"]').first().click();
  await page.getByRole('button', { name: 'Apply Compose File' }).first().click();
  await page.getByRole('button', { name: 'Apply and Allow' }).click();
  await workbench.treeRow('Projects', 'dev').waitFor();
  await workbench.runCommand('Muster: Dispatch Task');
  await picks.filter({ hasText: 'dev' }).first().waitFor();
  await page.keyboard.press('Enter');
  await page.getByText('Dispatch to dev').waitFor();
  await page.keyboard.type('Plot the numbers');
  await page.keyboard.press('Control+Enter');
  await workbench.treeRow('Threads', 'Ready for review').waitFor({ timeout: 60_000 });

  await workbench.runCommand('Muster: Open Guest Notebooks');
  await picks.filter({ hasText: 'Plot the numbers' }).first().click();
  await picks.filter({ hasText: 'analysis/numbers.ipynb' }).first().click();
  await workbench.waitForTab('numbers.ipynb');
  await page.getByText('Python 3 (ipykernel)').first().waitFor({ timeout: 60_000 });
  await workbench.screenshot('notebooks-0-opened');

  await workbench.runCommand('Notebook: Run All');
  await outputs.getByText('Hello from the guest').first().waitFor({ timeout: 60_000 });
  await outputs.locator('svg rect').first().waitFor();
  await outputs.getByText('step 1', { exact: false }).first().waitFor();
  await workbench.screenshot('notebooks-1-running');

  // By command, as a person does: a browser that is told to reload does not let the workbench store its state.
  const reloaded = page.waitForEvent('load');
  await workbench.runCommand('Developer: Reload Window');
  await reloaded;
  await page.locator('.monaco-workbench .statusbar').waitFor({ timeout: 60_000 });
  await workbench.waitForTab('numbers.ipynb');
  await outputs.getByText("'all done'").first().waitFor({ timeout: 120_000 });
  await workbench.screenshot('notebooks-2-after-reload');
  await workbench.runCommand('File: Save');
  const [file = ''] = globSync(join(workbench.stateDir, 'worktrees/*/*/analysis/numbers.ipynb'));
  const saved = (): string => readFileSync(file, 'utf8');
  await expect.poll(saved, { timeout: 20_000 }).toContain('step 249');
  const { cells: kept } = JSON.parse(saved()) as { cells: { outputs: { text?: string[] }[] }[] };
  expect(kept[0]?.outputs[0]?.text?.join('')).toBe('Hello from the guest\n');
  expect(JSON.stringify(kept[1]?.outputs)).toContain('<rect');
  expect(kept[2]?.outputs[0]?.text?.join('')).toBe(Array.from({ length: 250 }, (_, n) => `step ${n}\n`).join(''));

  const row = workbench.treeRow('Threads', 'Plot the numbers');
  await row.click({ position: { x: 60, y: 8 } });
  await page.keyboard.press('ArrowRight');
  await workbench.treeRow('Threads', '1 kernel').waitFor({ timeout: 30_000 });
  await workbench.screenshot('notebooks-3-row');
});
