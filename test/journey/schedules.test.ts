import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { inRepository } from '../../src/build/paths.ts';
import { createSampleRepository } from '../support/workbench/sampleRepository.ts';
import { openWorkbench } from '../support/workbench/workbench.ts';

const run = promisify(execFile);

const compose = `name: greeter
providers:
  shell: { command: sh, args: ['-c', 'cat > notes.txt; echo noted'], input: stdin, output: { format: text } }
agents:
  gardener:
    provider: shell
    scheduler:
      overlap: parallel
      triggers:
        - { name: often, interval: 30m, prompt: Water the plants. }
        - { name: nightly, cron: "0 3 * * *", prompt: Look at the night. }
  scribe:
    provider: shell
    scheduler:
      triggers:
        - { name: release, event: { topic: external.release }, prompt: "Notes for \${{ event.payload.version }}" }
  watch:
    provider: shell
    scheduler:
      script: |
        scheduler.interval('look', 6 * 3600 * 1000, () => {
          scheduler.log('looks');
          return 'nothing new';
        });
`;

test('schedules are seen in the tree and on the board, fired there, and lead to their runs, events and scripts', async () => {
  await using repository = await createSampleRepository();
  const { folder } = repository;
  await writeFile(join(folder, 'agent-compose.yml'), compose);
  await run('git', ['commit', '--quiet', '--all', '--message', 'Schedules'], { cwd: folder });
  await using workbench = await openWorkbench({ folder });
  const { page } = workbench;
  const board = page.frameLocator('iframe.webview.ready').first().frameLocator('iframe#active-frame');

  await page.locator('.activitybar [aria-label^="Muster"]').first().click();
  await page.getByRole('button', { name: 'Apply Compose File' }).first().click();
  await page.getByRole('button', { name: 'Apply and Allow' }).click();
  await workbench.treeRow('Projects', 'gardener').waitFor();
  // A click turns it, the key opens it: whichever comes while the tree is drawn anew, it is open in the end.
  const isOpen = async (): Promise<boolean> => {
    if ((await workbench.treeRows('Projects')).some(row => row.includes('often'))) return true;
    await workbench.treeRow('Projects', 'gardener').click();
    await page.keyboard.press('ArrowRight');
    return false;
  };
  await expect.poll(isOpen, { timeout: 60_000, interval: 1_000 }).toBe(true);
  expect((await workbench.treeRows('Projects')).find(row => row.includes('often'))).toMatch(/next in \d+ min/);

  const cli = join(inRepository(), 'dist', 'cli.js');
  const env = { ...process.env, MUSTER_HOME: workbench.stateDir };
  await run(process.execPath, [cli, 'event', 'publish', 'external.release', '{"version":"1.2.0"}'], {
    cwd: folder,
    env,
  });

  await workbench.runCommand('Muster: Show Board');
  await board.getByRole('tab', { name: 'Schedules' }).click();
  await board.getByRole('button', { name: 'often', exact: true }).waitFor();
  await board.getByText('delivered').first().waitFor({ timeout: 60_000 });
  await board.getByRole('button', { name: 'Fire now: often' }).click();
  await board.getByRole('button', { name: 'Fire now: look' }).click();
  const succeeded = board.getByRole('button', { name: 'succeeded', exact: true });
  await expect.poll(() => succeeded.count(), { timeout: 60_000 }).toBe(3);
  await board.getByRole('button', { name: 'Switch off: nightly' }).click();
  await board.getByRole('button', { name: 'Switch on: nightly' }).waitFor();
  await workbench.screenshot('schedules-0-board');

  await board.getByRole('button', { name: 'look', exact: true }).click();
  await page.locator('.monaco-editor .view-line', { hasText: 'nothing new' }).first().waitFor();
  await workbench.waitForTab('watch look.json');
  await workbench.screenshot('schedules-1-script');
  await workbench.runCommand('Muster: Show Board');
  await board.getByRole('tab', { name: 'Schedules' }).click();
  await board.getByRole('button', { name: 'external.release', exact: true }).click();
  await page.locator('.monaco-editor .view-line', { hasText: '1.2.0' }).first().waitFor();
  await workbench.waitForTab('external.release.json');
  await page.keyboard.type('x');
  await page.getByText('Cannot edit in read-only editor').first().waitFor();
  await workbench.screenshot('schedules-2-event');

  // A card has a menu of its own, for the keyboard too.
  await workbench.runCommand('Muster: Show Board');
  await board.getByRole('tab', { name: 'Board' }).click();
  await board.getByRole('button', { name: 'Water the plants.', exact: true }).first().focus();
  await page.keyboard.press('Shift+F10');
  await page.getByRole('menuitem', { name: 'Copy Thread Id' }).waitFor();
  await page.getByRole('menuitem', { name: 'Review Changes' }).waitFor();
  expect(await page.getByRole('menuitem', { name: /^(?:Cut|Paste)/ }).count()).toBe(0);
  await workbench.screenshot('schedules-3-card-menu');
  await page.getByRole('menuitem', { name: 'Open Thread' }).hover();
  await page.keyboard.press('Enter');
  await workbench.waitForTab('Water the plants.');

  await workbench.runCommand('Muster: Show Board');
  await board.getByRole('tab', { name: 'Schedules' }).click();
  await succeeded.first().click();
  await workbench.waitForTab('Water the plants.');
  await page
    .frameLocator('iframe.webview.ready:visible')
    .frameLocator('iframe#active-frame')
    .getByText('noted')
    .first()
    .waitFor();
  await workbench.screenshot('schedules-3-thread');

  const rows = page.locator('.quick-input-widget .monaco-list-row');
  const chooseOfRow = async (row: string, entry: string): Promise<void> => {
    await workbench.treeRow('Projects', row).click({ button: 'right' });
    await page.getByRole('menuitem', { name: entry }).waitFor();
    if (row === 'often') await workbench.screenshot(`schedules-4-menu`);
    // VS Code's menus take no click for a moment after they opened; keys they take at once.
    await page.getByRole('menuitem', { name: entry }).hover();
    await page.keyboard.press('Enter');
    await rows.first().waitFor();
  };
  await chooseOfRow('greeter', 'Preview Schedule');
  await rows.filter({ hasText: 'gardener · often' }).first().waitFor();
  await workbench.screenshot('schedules-5-preview');
  await page.keyboard.press('Escape');
  await rows.first().waitFor({ state: 'hidden' });
  await chooseOfRow('often', 'Show What Trigger Did');
  await rows.filter({ hasText: 'by hand' }).first().waitFor();
  await workbench.screenshot('schedules-6-fires');
  await page.keyboard.press('Escape');
  await rows.first().waitFor({ state: 'hidden' });
  await workbench.runCommand('Muster: Show Events...');
  await rows.filter({ hasText: 'scribe · release · run succeeded' }).first().waitFor();
  await workbench.screenshot('schedules-7-events');
});
