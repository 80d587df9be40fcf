import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createSampleRepository } from '../support/workbench/sampleRepository.ts';
import { openWorkbench } from '../support/workbench/workbench.ts';

const yaml = `name: greeter
variables:
  LEVEL: \${GREETER_LEVEL}
agents:
  dev:
    provider: demo
    system_prompt: |
      # How we work

      Be **careful** with \`src/\`.
    scheduler:
      triggers:
        - name: hourly
          cron: "@hourly"
          prompt: Look around.
  night:
    provider: demo
    scheduler:
      script: |
        // JavaScript
        scheduler.cron("0 2 * * *", () => scheduler.agent("Tidy up."));
`;

test('a person edits a compose file, sees what apply would change and applies it', async () => {
  await using repository = await createSampleRepository();
  const file = join(repository.folder, 'agent-compose.yml');
  await writeFile(file, yaml);
  await using workbench = await openWorkbench({
    folder: repository.folder,
    env: { GREETER_LEVEL: 'loud' },
    settings: { 'editor.minimap.enabled': false },
  });
  const { page } = workbench;
  const editor = page.locator('.monaco-editor').first();
  const lens = (text: string) => page.locator('.codelens-decoration a', { hasText: text }).first();

  await page.locator('.explorer-folders-view .monaco-list-row', { hasText: 'agent-compose.yml' }).dblclick();
  await workbench.waitForTab('agent-compose.yml');
  await page.locator('.activitybar [aria-label^="Muster"]').first().click();
  await lens('Apply to dispatch').click();
  // The file's schedule starts agents by itself, which a person allows.
  const question = page.getByRole('dialog');
  await question.getByText('hourly').first().waitFor();
  await workbench.screenshot('compose-0-consent');
  await question.getByRole('button', { name: 'Apply and Allow' }).click();
  await lens('Fire now').waitFor();
  await workbench.treeRow('Projects', 'dev').waitFor();
  await workbench.treeRow('Projects', 'dev').locator('.monaco-tl-twistie').click();
  await workbench.treeRow('Projects', 'hourly').waitFor();
  expect(await workbench.treeRows('Projects')).toContainEqual(expect.stringMatching(/^Trigger hourly, next in/));
  await workbench.screenshot('compose-1-applied');

  await editor.getByText('@hourly').first().hover();
  await page.locator('.monaco-hover', { hasText: 'Next times' }).first().waitFor();
  await workbench.screenshot('compose-2-hover');

  await lens('Fire now').click();
  await workbench.treeRow('Threads', 'Look around.').waitFor();

  await editor.getByText('demo', { exact: true }).first().click();
  await page.keyboard.press('End');
  await page.keyboard.press('Enter');
  await page.keyboard.type('modle: small');
  await page.keyboard.press('Escape');
  await page.locator('.squiggly-error').first().waitFor();
  await page.locator('#status\\.languageStatus').first().click();
  await page.locator('.monaco-hover', { hasText: 'invalid' }).first().waitFor();
  await workbench.screenshot('compose-3-invalid');
  await page.keyboard.press('Escape');

  const fix = page.locator('.action-widget .monaco-list-row', { hasText: '"model"' }).first();
  // The editor offers nothing while the language's answer is still on its way.
  const offered = async (): Promise<boolean> => {
    await editor.getByText('modle').first().click();
    await page.keyboard.press('Control+.');
    return await fix.waitFor({ timeout: 3_000 }).then(
      () => true,
      () => false,
    );
  };
  await expect.poll(offered, { timeout: 30_000 }).toBe(true);
  await workbench.screenshot('compose-4-fixes');
  await page.keyboard.press('Enter');
  await expect.poll(() => page.locator('.squiggly-error').count()).toBe(0);

  await page.keyboard.press('Control+S');
  const offer = page.locator('.notification-toast', { hasText: 'Apply the changed compose file' });
  await offer.waitFor();
  await workbench.screenshot('compose-5-offer');
  await offer.getByRole('button', { name: 'Show Changes' }).click();
  await workbench.waitForTab('applied ↔');
  await page.locator('.notification-toast', { hasText: 'would change' }).waitFor();
  await workbench.screenshot('compose-6-preview');
  await page.locator('.notification-toast').getByRole('button', { name: 'Apply' }).first().click();
  await expect
    .poll(() => workbench.treeRow('Projects', 'greeter').textContent(), { timeout: 30_000 })
    .toContain('revision 2');
  await workbench.screenshot('compose-7-applied');
});
