import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { createSampleRepository } from '../support/workbench/sampleRepository.ts';
import { openWorkbench } from '../support/workbench/workbench.ts';

const run = promisify(execFile);

/** Two agents that do the same task differently. */
const crew = `name: crew
providers:
  polite:
    command: sh
    args: ["-c", "sed -i \\"s/'Hello '/'Good day, '/\\" src/greet.js; echo I greet politely now."]
  warm:
    command: sh
    args: ["-c", "sed -i \\"s/'Hello '/'Dear '/\\" src/greet.js; echo '# Notes' > notes.md; echo I greet warmly now."]
agents:
  polite: {provider: polite}
  warm: {provider: warm}
`;

test('a person lets two agents try, keeps one, adopts a worktree of their own, pushes and cleans up', async () => {
  await using repository = await createSampleRepository();
  const { folder } = repository;
  const git = async (...args: readonly string[]): Promise<string> =>
    (await run('git', args, { cwd: folder })).stdout.trim();
  await writeFile(join(folder, 'agent-compose.yml'), crew);
  await git('add', '.');
  await git('commit', '--quiet', '--message', 'Two agents');
  const remote = join(folder, '..', 'remote.git');
  await git('init', '--quiet', '--bare', remote);
  await git('remote', 'add', 'origin', remote);
  const mine = join(folder, '..', 'mine');
  await git('worktree', 'add', '--quiet', '-b', 'my-branch', mine);
  await writeFile(join(mine, 'mine.js'), 'export const mine = 1;\n');
  await git('-C', mine, 'add', 'mine.js');
  await git('-C', mine, 'commit', '--quiet', '--message', 'Mine');

  await using workbench = await openWorkbench({ folder });
  const { page } = workbench;
  const input = page.locator('.quick-input-widget input').first();
  const pickRow = (text: string) => page.locator('.quick-input-widget .monaco-list-row', { hasText: text }).first();
  const picking = (words: string) => page.locator(`.quick-input-widget input[placeholder^=${JSON.stringify(words)}]`);
  const asked = (text: string) => page.locator('.quick-input-widget', { hasText: text });
  await page.locator('.activitybar [aria-label^="Muster"]').first().click();
  await page.getByRole('button', { name: 'Apply Compose File' }).first().click();
  await page.getByRole('button', { name: 'Apply and Allow' }).click();
  await workbench.treeRow('Projects', 'polite').waitFor();

  // One task, two agents.
  await workbench.runCommand('Muster: Dispatch Several Attempts');
  await pickRow('polite').waitFor();
  for (const agent of ['polite', 'warm']) await pickRow(agent).locator('input, .monaco-checkbox').first().click();
  await workbench.screenshot('attempts-1-agents');
  await page.locator('.quick-input-widget').getByRole('button', { name: 'OK', exact: true }).click();
  await asked('What should each of them do').waitFor();
  await input.fill('Greet better');
  await workbench.screenshot('attempts-2-task');
  await page.keyboard.press('Enter');
  await expect
    .poll(
      async () => (await workbench.treeRows('Threads')).filter(row => row.startsWith('Ready for review, Greet')).length,
      {
        timeout: 60_000,
      },
    )
    .toBe(2);
  await workbench.screenshot('attempts-3-ready');

  // Side by side.
  await workbench.runCommand('Muster: Compare with Another Thread or Target');
  await picking('Which thread do you want to compare').waitFor();
  await pickRow('polite').click();
  // Both are called alike, so that the beginning of the id is beside the title.
  await picking('Compare "Greet better (').waitFor();
  await workbench.screenshot('attempts-4-which');
  await pickRow('warm').click();
  await page.locator('.multiDiffEntry').first().waitFor();
  await workbench.screenshot('attempts-5-compared');

  // The one in front is kept.
  await workbench.runCommand('Muster: Keep This Attempt');
  await page.getByRole('button', { name: 'Keep This, Abandon the Others' }).waitFor();
  await workbench.screenshot('attempts-6-question');
  await page.getByRole('button', { name: 'Keep This, Abandon the Others' }).click();
  await expect
    .poll(
      async () => (await workbench.treeRows('Threads')).filter(row => row.startsWith('Ready for review, Greet')).length,
    )
    .toBe(1);

  // Worktrees: one of the thread's, one that this person made.
  await page.locator('.pane-header[aria-label^="Worktrees Section"]').click();
  const own = workbench.treeRow('Worktrees', 'my-branch');
  await own.waitFor();
  await own.hover();
  await workbench.screenshot('worktrees-1-listed');
  // Sizes arrive while the pointer is there, and draw the row anew under it.
  await expect
    .poll(async () => {
      await own.hover();
      await own.getByRole('button', { name: 'Adopt Worktree' }).click();
      return await picking('Whose thread does it become')
        .waitFor({ timeout: 3_000 })
        .then(
          () => true,
          () => false,
        );
    })
    .toBe(true);
  await workbench.screenshot('worktrees-2-whose');
  await pickRow('polite').click();
  await workbench.waitForTab('my-branch');
  await workbench.screenshot('worktrees-3-adopted');

  // A pull request, as far as it goes without GitHub. With nothing in front it is asked which thread is meant.
  await workbench.runCommand('View: Close All Editors');
  await workbench.runCommand('Muster: Open Pull Request');
  await picking('For which thread should a pull request').waitFor();
  await workbench.screenshot('pull-1-which');
  await pickRow('Greet better').click();
  await page.getByRole('button', { name: 'Push', exact: true }).waitFor();
  await workbench.screenshot('pull-2-question');
  expect(await git('-C', remote, 'for-each-ref')).toBe('');
  await page.getByRole('button', { name: 'Push', exact: true }).click();
  await page.locator('.notifications-toasts', { hasText: 'is pushed' }).waitFor();
  await workbench.screenshot('pull-3-pushed');
  expect(await git('-C', remote, 'for-each-ref', '--format=%(refname)')).toMatch(/^refs\/heads\/muster\/greet-better/);

  // What nobody needs goes.
  await workbench.runCommand('Muster: Clean Up Worktrees');
  await picking('Which worktrees should be listed').waitFor();
  await workbench.screenshot('clean-1-which');
  await page.locator('.quick-input-widget .monaco-list-row').last().click();
  await picking('Which worktrees should be removed').waitFor();
  await pickRow('my-branch').waitFor();
  await workbench.screenshot('clean-2-rows');
  await pickRow('my-branch').locator('input, .monaco-checkbox').first().click();
  await page.locator('.quick-input-widget').getByRole('button', { name: 'OK', exact: true }).click();
  await page.getByRole('button', { name: 'Remove Worktree', exact: true }).waitFor();
  await workbench.screenshot('clean-3-question');
  await page.getByRole('button', { name: 'Remove Worktree', exact: true }).click();
  await expect.poll(async () => (await workbench.treeRows('Worktrees')).join()).not.toMatch(/my-branch/);
  await workbench.screenshot('clean-4-gone');
  expect(await git('show', 'my-branch:mine.js')).toBe('export const mine = 1;');
});
