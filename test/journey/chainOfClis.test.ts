import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { findAgentClis } from '../support/agents/agentClis.ts';
import { writeAgentHome } from '../support/agents/agentHome.ts';
import { chainFile, chainScript, chainTask } from '../support/agents/chainOfTwo.ts';
import { startModelServer } from '../support/modelServer/modelServer.ts';
import { createSampleRepository } from '../support/workbench/sampleRepository.ts';
import { openWorkbench } from '../support/workbench/workbench.ts';

const run = promisify(execFile);
const found = findAgentClis();
if ('missing' in found) console.warn(`Skipped: ${found.missing}. \`npm test\` installs the agent CLIs.`);

test.skipIf('missing' in found)(
  'a task goes from real Claude Code to real Codex, back for changes, to an approval, and a person merges it in VS Code',
  async () => {
    if ('missing' in found) return;
    await using repository = await createSampleRepository();
    const git = async (...args: readonly string[]): Promise<string> =>
      (await run('git', args, { cwd: repository.folder })).stdout.trim();
    await writeFile(join(repository.folder, 'agent-compose.yml'), chainFile);
    await git('commit', '--quiet', '--all', '--message', 'Let two agents work');
    const model = await startModelServer(chainScript, {});
    try {
      const home = join(dirname(repository.folder), 'home');
      await mkdir(home);
      const env = writeAgentHome({ home, clis: found.folder, modelUrl: model.url, usualRetries: false });
      await using workbench = await openWorkbench({ folder: repository.folder, env });
      const { page } = workbench;
      await page.locator('.activitybar [aria-label^="Muster"]').first().click();
      await page.getByRole('button', { name: 'Apply Compose File' }).first().click();
      await workbench.treeRow('Projects', 'reviewer').waitFor();

      await workbench.runCommand('Muster: Dispatch Task');
      const input = page.locator('.quick-input-widget input').first();
      await input.waitFor();
      await page.locator('.quick-input-widget .monaco-list-row', { hasText: 'dev' }).waitFor();
      await input.fill(chainTask);
      // Either agent can be given the task; the first is chosen.
      await page
        .locator(
          `.quick-input-widget .monaco-list-row.focused[aria-label^="dev,"][aria-label$="Dispatch: ${chainTask}"]`,
        )
        .waitFor();
      await page.keyboard.press('Enter');
      await expect
        .poll(() => workbench.treeRows('Threads'), { timeout: 180_000 })
        .toContainEqual(expect.stringMatching(/^Ready for review, Add a greeting/));

      await workbench.runCommand('Muster: Show Board');
      await workbench.waitForTab('Muster Board');
      const board = page.frameLocator('iframe.webview').first().frameLocator('iframe#active-frame');
      await board.getByRole('tab', { name: 'Chains' }).click();
      await board.getByText('approved by reviewer', { exact: true }).waitFor();
      await expect
        .poll(() => board.locator('.chain-agent').allInnerTexts(), { timeout: 10_000 })
        .toEqual(['dev', 'reviewer', 'dev', 'reviewer']);
      await workbench.screenshot('journey-chain-board');
      for (const tab of ['Timeline', 'Agents', 'Merge queue', 'Batches'])
        await board.getByRole('tab', { name: tab }).click();
      await board.getByRole('tab', { name: 'Timeline' }).click();
      await expect.poll(() => board.locator('.bar').count(), { timeout: 10_000 }).toBe(4);
      await workbench.screenshot('journey-chain-timeline');

      const row = workbench.treeRow('Threads', 'Add a greeting');
      await row.hover();
      await row.getByRole('button', { name: 'Review Changes' }).click();
      await workbench.waitForTab('Review: Add a greeting');
      await page.locator('.editor-actions').getByRole('button', { name: 'Merge Thread' }).first().click();
      await expect
        .poll(() => git('ls-tree', '--name-only', 'main'), { timeout: 60_000 })
        .toMatch(/goodbye\.txt[^]*hello\.txt/);
    } finally {
      await model.close();
    }
    model.verify();
  },
);
