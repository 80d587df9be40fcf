import { execFile } from 'node:child_process';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { createSampleRepository } from '../support/workbench/sampleRepository.ts';
import { openWorkbench, type Workbench } from '../support/workbench/workbench.ts';

const run = promisify(execFile);

/** Says in Markdown which file it changed. */
const crew = `name: crew
providers:
  author:
    command: sh
    args: ["-c", "cat > /dev/null; sed -i \\"s/'Hello '/'Good day, '/\\" src/greet.js; echo '{\\"text\\": \\"Changed \`src/greet.js:2\`.\\"}'"]
    input: stdin
    output: { format: jsonl, result: text }
agents:
  dev: { provider: author }
`;

async function hostPid({ stateDir }: Workbench): Promise<number | undefined> {
  const text = await readFile(join(stateDir, 'endpoint.json'), 'utf8').catch(() => '{}');
  const endpoint: { readonly pid?: number } = JSON.parse(text);
  return endpoint.pid;
}

async function worktreeOf({ stateDir }: Workbench): Promise<string> {
  const root = join(stateDir, 'worktrees');
  const found = await readdir(root, { recursive: true });
  const [file] = found.filter(path => path.endsWith('agent-compose.yml'));
  if (file === undefined) throw new Error(`there is no worktree below ${root}`);
  return join(root, file, '..');
}

test('a file of a worktree opens from the page without its repository, a killed host comes back by itself, and a window on the worktree knows its thread', async () => {
  await using repository = await createSampleRepository();
  await writeFile(join(repository.folder, 'agent-compose.yml'), crew);
  await using workbench = await openWorkbench({ folder: repository.folder });
  const { page } = workbench;
  await page.locator('.activitybar [aria-label^="Muster"]').first().click();
  await page.getByRole('button', { name: 'Apply Compose File' }).first().click();
  await page.getByRole('button', { name: 'Apply and Allow' }).click();
  await workbench.treeRow('Projects', 'dev').waitFor();
  await workbench.runCommand('Muster: Dispatch Task');
  await page.locator('.quick-input-widget .monaco-list-row', { hasText: 'dev' }).waitFor();
  await page.locator('.quick-input-widget input').first().fill('Greet politely');
  await page.locator('.quick-input-widget .monaco-list-row', { hasText: 'Dispatch: Greet' }).waitFor();
  await page.keyboard.press('Enter');
  const row = workbench.treeRow('Threads', 'Greet politely');
  await Promise.race([
    page
      .getByRole('button', { name: 'Dispatch Without Them' })
      .click()
      .catch(() => undefined),
    row.waitFor(),
  ]);
  await expect
    .poll(() => workbench.treeRows('Threads'), { timeout: 60_000 })
    .toContainEqual(expect.stringMatching(/^Ready for review, Greet politely/));

  await row.click();
  const threadPage = page.frameLocator('iframe.webview').first().frameLocator('iframe#active-frame');
  await threadPage.locator('a', { hasText: 'src/greet.js:2' }).click();
  // By its path it would be a file of another repository, which Source Control and the status bar then show.
  await workbench.waitForTab('greet.js (Greet politely)');
  await page.locator('.editor-instance .view-line', { hasText: 'Good day' }).first().waitFor();
  await workbench.screenshot('worktree-1-file');
  expect(await page.locator('.statusbar').textContent()).not.toContain('muster/');

  const killed = await hostPid(workbench);
  if (killed === undefined) throw new Error('there is no host');
  process.kill(killed, 'SIGKILL');
  await expect.poll(() => hostPid(workbench), { timeout: 30_000 }).not.toBe(killed);
  await expect
    .poll(() => workbench.treeRows('Threads'), { timeout: 30_000 })
    .toContainEqual(expect.stringMatching(/^Ready for review, Greet politely/));
  await expect.poll(() => workbench.treeRows('Threads')).not.toContainEqual(expect.stringMatching(/^Start Host/));

  // A conflict that nobody has resolved is not taken for resolved because its editor wrote no markers.
  const file = join('src', 'greet.js');
  await writeFile(join(repository.folder, file), "export function greet(name) {\n  return 'Ahoy ' + name;\n}\n");
  await run('git', ['commit', '--quiet', '--message', 'Meanwhile', '--', file], { cwd: repository.folder });
  await workbench.runCommand('Muster: Resolve Conflict in Merge Editor');
  await workbench.waitForTab('Merging: greet.js');
  await page.getByText('1 Conflict Remaining').first().waitFor();
  await workbench.screenshot('worktree-3-conflict');
  // What its merge editor shows has neither side's change by now; in a browser VS Code saves that also by itself.
  await workbench.runCommand('File: Save');
  await page.locator('.notification-toast').getByRole('button', { name: 'Complete Merge' }).click();
  const asked = page.getByRole('dialog').filter({ hasText: 'unhandled conflicts' });
  await asked.getByRole('button', { name: 'Cancel' }).click();
  await page.getByText('1 Conflict Remaining').first().waitFor();
  const cwd = await worktreeOf(workbench);
  expect(await readFile(join(cwd, file), 'utf8')).toMatch(/^<{7} HEAD\n.*Good day[^]*^={7}\n.*Ahoy[^]*^>{7} /m);
  expect((await run('git', ['ls-files', '--unmerged'], { cwd })).stdout).toContain('greet.js');

  const window = new URL(page.url());
  window.searchParams.set('folder', await worktreeOf(workbench));
  await page.goto(window.href);
  await page.locator('.activitybar [aria-label^="Muster"]').first().click();
  // What stands there is the thread, and at no moment a file that waits for being applied.
  const held = page.locator('.monaco-list-row[aria-level="1"]', { hasText: 'Greet politely' });
  await held.first().waitFor({ timeout: 60_000 });
  await workbench.screenshot('worktree-2-window');
  expect(await page.getByText('not applied yet').count()).toBe(0);
});
