import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { inRepository } from '../../src/build/paths.ts';
import { launchBrowser } from '../webview/support/openWebview.ts';
import { startSite, visit, type Site, type Visit } from './support/site.ts';

/** What a person does with a thread in a browser, beside the way from a task to its merge. */

const question = [{ tool: 'ask', with: { question: 'Which colour?', options: ['Red', 'Blue'] } }];

const cleanUps: (() => Promise<void> | void)[] = [];
let site: Site;
let browser: Browser;
beforeAll(async () => {
  const opened = startSite(work => cleanUps.push(work), {
    agents: '  asker: {provider: claude, permissions: ask}\n',
    files: { 'calls.json': JSON.stringify(question) },
  });
  [site, browser] = await Promise.all([opened, launchBrowser()]);
});
afterAll(async () => {
  await browser?.close();
  for (const work of cleanUps.toReversed()) await work();
});

async function withVisit(use: (visit: Visit) => Promise<void>) {
  const opened = await visit(browser, site);
  try {
    await use(opened);
    expect(await opened.problems()).toEqual([]);
  } finally {
    await opened.context.close();
  }
}

async function fromMenu(page: Page, name: string): Promise<void> {
  await page.getByRole('button', { name: 'More actions' }).click();
  const item = page.getByRole('menuitem', { name });
  await item.waitFor();
  await item.press('Enter');
}

function git(...args: readonly string[]): string {
  return execFileSync('git', ['-C', site.repository, ...args], { encoding: 'utf8' });
}

/** Somebody commits to the target meanwhile. */
function commit(file: string, text: string): void {
  writeFileSync(join(site.repository, file), text);
  git('add', file);
  git('-c', 'user.name=T', '-c', 'user.email=t@example.com', 'commit', '-qm', `Change ${file}`);
}

test('what an agent asks is answered, and the agent goes on with the answer', async () => {
  const bin = join(site.home.env['HOME'] ?? '', 'bin');
  mkdirSync(bin, { recursive: true });
  copyFileSync(inRepository('test/fixtures/toolCaller.mjs'), join(bin, 'claude'));
  chmodSync(join(bin, 'claude'), 0o755);
  const env = { PATH: `${bin}:${process.env['PATH']}` };
  const asked = await site.home.muster(['dispatch', 'asker', 'Paint', '--json'], { cwd: site.repository, env });
  const { thread_id: thread } = JSON.parse(asked.stdout) as { thread_id: string };
  await withVisit(async ({ page, logIn, look }) => {
    await logIn(`/threads/${thread}`);
    await page.getByRole('button', { name: 'Answer' }).first().click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('Which colour?').waitFor();
    await look('question');
    await dialog.getByRole('button', { name: 'Blue' }).click();
    await page.getByText('Done').first().waitFor();
  });
  const { worktree = '' } = (await site.home.musterJson(['inspect', thread])) as { worktree?: string };
  const answers = join(worktree, 'answers.json');
  await expect.poll(() => existsSync(answers), { timeout: 60_000 }).toBe(true);
  expect(readFileSync(answers, 'utf8')).toContain('Blue');
});

test('a merge is undone', async () => {
  const thread = await site.dispatch('Plant plums');
  expect(await site.home.muster(['merge', thread])).toMatchObject({ status: 0 });
  expect(git('ls-tree', '--name-only', 'main')).toContain('tomatoes.md');
  await withVisit(async ({ page, logIn }) => {
    await logIn(`/threads/${thread}`);
    await fromMenu(page, 'Undo merge');
    await page.getByRole('heading', { name: 'Undo the merge of “Plant plums”?' }).waitFor();
    await page.getByRole('dialog').getByRole('button', { name: 'Undo merge' }).click();
    await page.getByText(/Undone: main is at/).waitFor();
  });
  expect(git('ls-tree', '--name-only', 'main')).not.toContain('tomatoes.md');
});

test('a merge that leaves a comment unsent is asked about, and sends it instead', async () => {
  const thread = await site.dispatch('Plant quinces');
  const comment = ['review', 'comment', thread, '--at', 'garden.ts:2', 'Why so loud?'];
  expect(await site.home.muster(comment)).toMatchObject({ status: 0 });
  await withVisit(async ({ page, logIn }) => {
    await logIn(`/threads/${thread}/changes`);
    await page.locator('.line-added').first().waitFor();
    await page.getByRole('button', { name: 'Merge', exact: true }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('1 comment was not sent to gardener.').waitFor();
    await dialog.getByRole('button', { name: 'Request changes' }).click();
    await dialog.getByRole('button', { name: 'Send' }).click();
    await page.getByText('Sent to gardener').waitFor();
    await page.getByRole('button', { name: 'Back to the thread' }).click();
    await page.getByText('Why so loud?').first().waitFor();
    await page.getByText('planted').nth(1).waitFor();
  });
});

test('a thread takes in what the target has by now', async () => {
  const thread = await site.dispatch('Plant pears');
  commit('fence.md', '# Fence\n');
  await withVisit(async ({ page, logIn }) => {
    await logIn(`/threads/${thread}`);
    await fromMenu(page, 'Update from target');
    await page.getByText('Updated from main').waitFor();
  });
  const { branch = '' } = (await site.home.musterJson(['inspect', thread])) as { branch?: string };
  expect(git('ls-tree', '--name-only', branch)).toContain('fence.md');
});

test('a conflict is told with its files, and given to the agent', async () => {
  const thread = await site.dispatch('Plant cherries');
  commit('garden.ts', 'export const water = 0;\n');
  await withVisit(async ({ page, logIn }) => {
    await logIn(`/threads/${thread}/changes`);
    await page.locator('.line-added').first().waitFor();
    await page.getByRole('button', { name: 'Merge', exact: true }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('It conflicts with main.').waitFor();
    await dialog.getByText('garden.ts').waitFor();
    await dialog.getByRole('button', { name: 'Ask agent to resolve' }).click();
    await page.getByText('When gardener has resolved it, “Plant cherries” is merged').waitFor();
    await page.getByRole('button', { name: 'Back to the thread' }).click();
    await page.getByText('planted').nth(1).waitFor();
  });
});

test('what was abandoned is restored with its work', async () => {
  const thread = await site.dispatch('Plant figs');
  expect(await site.home.muster(['abandon', thread])).toMatchObject({ status: 0 });
  await withVisit(async ({ page, logIn }) => {
    await logIn(`/threads/${thread}`);
    await page.getByRole('button', { name: 'Restore' }).click();
    await page.getByRole('button', { name: 'Review changes' }).waitFor();
  });
  expect((await site.home.muster(['diff', thread, '--stat'])).stdout).toContain('tomatoes.md');
});

test('the log of a run is read as it was printed', async () => {
  const thread = await site.dispatch('Plant kale');
  await withVisit(async ({ page, logIn }) => {
    await logIn(`/threads/${thread}`);
    await fromMenu(page, 'Raw log');
    const dialog = page.getByRole('dialog');
    await dialog.getByText('planted').waitFor();
    await dialog.getByRole('button', { name: 'Close' }).click();
    await dialog.waitFor({ state: 'detached' });
  });
});

test('a batch is seen and abandoned whole, after a question', async () => {
  const give = (task: string) =>
    site.home.muster(['dispatch', 'gardener', task, '--batch', 'spring', '--wait'], { cwd: site.repository });
  for (const task of ['Sow peas', 'Sow beets']) expect(await give(task)).toMatchObject({ status: 0 });
  await withVisit(async ({ page, logIn }) => {
    await logIn('/');
    await page.getByRole('tab', { name: 'Batches' }).click();
    await page.getByText('Sow peas').first().waitFor();
    await page.getByRole('button', { name: /: spring$/ }).click();
    await page.getByRole('heading', { name: 'Abandon every thread of the batch “spring”?' }).waitFor();
    await page.getByRole('dialog').getByRole('button', { name: 'Abandon' }).click();
    const abandoned = async () =>
      ((await site.home.musterJson(['batch', 'status', 'spring'])) as { threads: { status: string }[] }).threads.map(
        ({ status }) => status,
      );
    await expect.poll(abandoned, { timeout: 60_000 }).toEqual(['abandoned', 'abandoned']);
  });
});

test('who may only read sees everything, and is told what they may not do', async () => {
  const thread = await site.dispatch('Plant leek');
  const token = await site.daemon.token('--name', 'reader', '--scope', 'read');
  await withVisit(async ({ page, forgive }) => {
    await page.goto(`/threads/${thread}/changes`);
    const byToken = page.getByText('Use a token');
    await byToken.click();
    await page.getByLabel('Token').fill(token);
    await page.getByRole('button', { name: 'Log in with token' }).click();
    await page.locator('.line-added').first().waitFor();
    await page.getByRole('button', { name: 'Approve' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('heading', { name: 'That did not work' }).waitFor();
    await dialog.getByText('scope operate').waitFor();
    await dialog.getByRole('button', { name: 'Close' }).click();
    await page.goto('/settings');
    await page.getByText('This needs the scope admin.').first().waitFor();
    // The browser tells of the calls that were refused.
    forgive(/403/);
  });
  const { approved } = (await site.home.musterJson(['inspect', thread])) as { approved?: unknown };
  expect(approved ?? '').toBe('');
});
