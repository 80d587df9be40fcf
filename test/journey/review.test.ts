import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createSampleRepository } from '../support/workbench/sampleRepository.ts';
import { openWorkbench } from '../support/workbench/workbench.ts';

/** Does as it is asked, and says so. */
const crew = `name: crew
providers:
  author:
    command: sh
    args: ["-c", "if grep -q 'good evening' \\"$1\\"; then sed -i 's/Good day/Good evening/' src/greet.js; grep -o '^DONE: .*' \\"$1\\"; else sed -i \\"s/'Hello '/'Good day, '/\\" src/greet.js; echo '# Notes' > notes.md; fi; echo I have changed the greeting.", "sh", "{{prompt_file}}"]
    input: file
agents:
  dev: {provider: author}
`;

test('a person comments on a line, asks for changes, and sees what came of it', async () => {
  await using repository = await createSampleRepository();
  await writeFile(join(repository.folder, 'agent-compose.yml'), crew);
  await using workbench = await openWorkbench({ folder: repository.folder });
  const { page } = workbench;
  await page.locator('.activitybar [aria-label^="Muster"]').first().click();
  await page.getByRole('button', { name: 'Apply Compose File' }).first().click();
  await page.getByRole('button', { name: 'Apply and Allow' }).click();
  await workbench.treeRow('Projects', 'dev').waitFor();

  await workbench.runCommand('Muster: Dispatch Task');
  const input = page.locator('.quick-input-widget input').first();
  await page.locator('.quick-input-widget .monaco-list-row', { hasText: 'dev' }).waitFor();
  await input.fill('Greet politely');
  await page.locator('.quick-input-widget .monaco-list-row', { hasText: 'Dispatch: Greet' }).waitFor();
  await page.keyboard.press('Enter');
  const without = page.getByRole('button', { name: 'Dispatch Without Them' });
  const untilReady = () =>
    expect
      .poll(() => workbench.treeRows('Threads'), { timeout: 60_000 })
      .toContainEqual(expect.stringMatching(/^Ready for review, Greet politely/));
  await Promise.race([
    without.click().catch(() => undefined),
    workbench.treeRow('Threads', 'Greet politely').waitFor(),
  ]);
  await untilReady();

  const row = workbench.treeRow('Threads', 'Greet politely');
  await row.hover();
  await row.getByRole('button', { name: 'Review Changes' }).click();
  await workbench.waitForTab('Review: Greet politely');
  const changed = page.locator('.multiDiffEntry .editor.modified .view-line', { hasText: 'Good day' }).first();
  await changed.waitFor();
  await changed.click();
  await changed.hover();
  // The sign beside the line that the pointer is over.
  await page.locator('.multiDiffEntry .editor.modified .comment-range-glyph.line-hover').last().click({ force: true });
  const box = page
    .locator('.review-widget .comment-form .monaco-editor textarea, .review-widget .comment-form .native-edit-context')
    .first();
  await box.waitFor();
  await page.keyboard.type('Say good evening, and [not a link](command:workbench.action.closeWindow)');
  await workbench.screenshot('review-1-typing');
  await page.getByRole('button', { name: 'Add Comment' }).click();
  await page.locator('.review-comment', { hasText: 'Draft' }).first().waitFor();
  await workbench.screenshot('review-2-draft');
  expect(await page.locator('.review-comment a', { hasText: 'not a link' }).count()).toBe(0);

  await page.locator('.editor-actions').getByRole('button', { name: 'Request Changes' }).first().click();
  await input.waitFor();
  await workbench.screenshot('review-3-request');
  await page.keyboard.press('Enter');
  await untilReady();
  // The agent said that it has seen to it; the comment stays where its line was.
  const panel = page.locator('.comments-panel');
  await expect.poll(() => panel.locator('.codicon-comment').count()).toBeGreaterThan(0);
  await expect.poll(() => panel.locator('.codicon-comment-unresolved').count()).toBe(0);
  expect(await panel.textContent()).toContain('[Ln 2]');
  await workbench.screenshot('review-4-resolved');

  // What is begun and not added goes with its tab: it is offered instead of being lost.
  const line = page.locator('.multiDiffEntry .editor.modified .view-line', { hasText: 'export function' }).first();
  await line.click();
  await line.hover();
  await page.locator('.multiDiffEntry .editor.modified .comment-range-glyph.line-hover').last().click({ force: true });
  await box.waitFor();
  await page.keyboard.type('Begun and forgotten');
  await page.locator('.review-widget .comment-form', { hasText: 'Begun and forgotten' }).first().waitFor();
  await workbench.runCommand('View: Close Editor');
  const told = page.locator('.notification-toast', { hasText: 'Begun and forgotten' });
  await told.getByRole('button', { name: 'Copy Text' }).click();
  await expect.poll(() => page.evaluate(() => navigator.clipboard.readText())).toBe('Begun and forgotten');
});
