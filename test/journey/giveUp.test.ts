import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { createSampleRepository } from '../support/workbench/sampleRepository.ts';
import { openWorkbench } from '../support/workbench/workbench.ts';

const run = promisify(execFile);

const crew = `name: crew
providers:
  polite:
    command: sh
    args: ["-c", "sed -i \\"s/'Hello '/'Good day, '/\\" src/greet.js; echo I greet politely now."]
agents:
  polite: {provider: polite}
`;

test('who gives a merge by hand up is asked once, and its editor is gone', async () => {
  await using repository = await createSampleRepository();
  const { folder } = repository;
  await writeFile(join(folder, 'agent-compose.yml'), crew);
  const commit = async (message: string): Promise<void> => {
    await run('git', ['add', '.'], { cwd: folder });
    await run('git', ['commit', '--quiet', '--message', message], { cwd: folder });
  };
  await commit('An agent');

  await using workbench = await openWorkbench({ folder });
  const { page } = workbench;
  await page.locator('.activitybar [aria-label^="Muster"]').first().click();
  await page.getByRole('button', { name: 'Apply Compose File' }).first().click();
  await page.getByRole('button', { name: 'Apply and Allow' }).click();
  await workbench.treeRow('Projects', 'polite').waitFor();
  await workbench.runCommand('Muster: Dispatch Task');
  const input = page.locator('.quick-input-widget input').first();
  await page.locator('.quick-input-widget .monaco-list-row', { hasText: 'polite' }).waitFor();
  await input.fill('Greet better');
  await page.locator('.quick-input-widget .monaco-list-row', { hasText: 'Dispatch: Greet better' }).waitFor();
  await page.keyboard.press('Enter');
  await expect
    .poll(() => workbench.treeRows('Threads'), { timeout: 60_000 })
    .toContainEqual(expect.stringMatching(/^Ready for review, Greet better/));
  await writeFile(join(folder, 'src', 'greet.js'), "export function greet(name) {\n  return 'Ahoy ' + name;\n}\n");
  await commit('Meanwhile');

  await workbench.runCommand('Muster: Resolve Conflict in Merge Editor');
  await page.locator('.quick-input-widget .monaco-list-row', { hasText: 'Greet better' }).click();
  const editor = page.locator('.tab', { hasText: 'Merging: greet.js' });
  await editor.waitFor();
  await page.locator('.merge-editor, .merge-editor-result').first().waitFor();
  await workbench.runCommand('Muster: Give Up Merge into Thread');
  const dialog = page.locator('.monaco-dialog-box');
  await dialog.getByRole('button', { name: 'Give Up Merge' }).click();
  await page.getByText('"Greet better" is as it was before the merge').first().waitFor();
  await workbench.screenshot('give-up');
  expect(await dialog.count()).toBe(0);
  expect(await editor.count()).toBe(0);
});
