import { execFileSync } from 'node:child_process';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { launchBrowser } from '../webview/support/openWebview.ts';
import { startSite, visit, type Scheme, type Site, type Visit, type Width } from './support/site.ts';

const cleanUps: (() => Promise<void> | void)[] = [];
let site: Site;
let browser: Browser;
beforeAll(async () => {
  [site, browser] = await Promise.all([startSite(work => cleanUps.push(work)), launchBrowser()]);
});
afterAll(async () => {
  await browser?.close();
  for (const work of cleanUps.toReversed()) await work();
});

async function withVisit(use: (visit: Visit) => Promise<void>, look: { width?: Width; scheme?: Scheme } = {}) {
  const opened = await visit(browser, site, look);
  try {
    await use(opened);
    expect(await opened.problems()).toEqual([]);
  } finally {
    await opened.context.close();
  }
}

test('a person logs in, gives a task, reads along, looks at the changes and merges them', async () => {
  await withVisit(async ({ page, logIn, forgive }) => {
    await logIn('/dispatch');
    await page.getByLabel('Task').fill('Plant tomatoes');
    await page.getByRole('button', { name: 'Give task' }).click();
    await page.waitForURL(/\/threads\/[0-9a-z]{12}$/);
    await page.getByText('planted').first().waitFor();
    // A click right after the buttons changed was meant for what stood there before, and does nothing.
    await expect
      .poll(async () => {
        await page.getByRole('button', { name: 'Review changes' }).click();
        return page.url();
      })
      .toMatch(/\/changes$/);
    await page.locator('.line-added').filter({ hasText: 'WATER' }).first().waitFor();
    expect(await page.locator('.line-removed .hljs-keyword').count()).toBeGreaterThan(0);
    await page.getByRole('button', { name: 'Approve' }).click();
    await page.getByText('Approved “Plant tomatoes”').waitFor();
    await page.getByRole('button', { name: 'Merge', exact: true }).click();
    await page.getByText(/Merged “Plant tomatoes” into main as/).waitFor();
    // Before there is a worktree there are no changes, which the browser tells of as well.
    forgive(/404.*DiffThread/);
  });
  const log = execFileSync('git', ['-C', site.repository, 'show', 'main:tomatoes.md'], { encoding: 'utf8' });
  expect(log).toBe('# Tomatoes\n');
});

test('the board is live, and what is merged without a look is asked about', async () => {
  await withVisit(async ({ page, logIn, forgive }) => {
    await logIn('/');
    const thread = await site.dispatch('Weed the garden');
    const card = page.locator('.card', { hasText: 'Weed the garden' });
    await card.first().waitFor();
    await page.goto(`/threads/${thread}`);
    await page.getByRole('button', { name: 'Merge', exact: true }).click();
    await page.getByRole('heading', { name: 'Merge “Weed the garden” without looking at it?' }).waitFor();
    await page.getByRole('button', { name: 'Cancel' }).click();
    await page.getByRole('button', { name: 'More actions' }).click();
    await page.getByRole('menuitem', { name: 'Abandon…' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Abandon' }).click();
    await page.getByText('Abandoned').first().waitFor();
    forgive(/404.*DiffThread/);
  });
});

test('nobody sees anything without a login, and whose session is revoked is asked to log in again at once', async () => {
  await withVisit(async ({ page, logIn, forgive }) => {
    await page.goto('/settings');
    expect(new URL(page.url()).pathname).toBe('/login');
    await logIn('/');
    await page.locator('.card').first().waitFor();
    await page.getByRole('button', { name: 'Log out' }).waitFor();
    const { sessions } = (await site.home.musterJson(['session', 'ls'])) as { sessions: { id: string }[] };
    for (const { id } of sessions) await site.home.muster(['session', 'revoke', id]);
    await site.dispatch('Say something');
    await page.waitForURL(/\/login\?next=%2F$/);
    // The browser tells of the call that was refused.
    forgive(/401/);
  });
});

test('a person asks for changes and follows up, and the agent works again', async () => {
  const thread = await site.dispatch('Plant beans');
  await withVisit(async ({ page, logIn }) => {
    await logIn(`/threads/${thread}/changes`);
    await page.getByRole('button', { name: 'Request changes' }).click();
    await page.getByLabel('What should gardener change?').fill('In rows, please');
    await page.getByRole('dialog').getByRole('button', { name: 'Send' }).click();
    await page.getByText('Sent to gardener').waitFor();
    await page.getByRole('button', { name: 'Back to the thread' }).click();
    await page.getByText('In rows, please').first().waitFor();
    await page.getByText('planted').nth(1).waitFor();
    await page.getByRole('textbox', { name: 'Follow up with gardener' }).fill('And water them');
    await page.getByRole('button', { name: 'Send' }).click();
    await page.getByText('planted').nth(2).waitFor();
  });
});

test('schedules are seen, previewed and fired, and what comes of it is on the board', async () => {
  await withVisit(async ({ page, logIn }) => {
    await logIn('/');
    await page.getByRole('tab', { name: 'Schedules' }).click();
    await page.getByText('hourly').first().waitFor();
    await page.getByRole('button', { name: 'Preview schedule: shop' }).first().click();
    await page.getByRole('dialog').getByText('gardener').waitFor();
    await page.getByRole('dialog').getByRole('button', { name: 'Close' }).click();
    await page.getByRole('button', { name: 'Fire now' }).first().click();
    await page.getByRole('tab', { name: 'Board' }).click();
    await page.locator('.card', { hasText: 'Water the roses' }).waitFor();
  });
});

test('an admin sets a secret that nobody reads again, and ends a token', async () => {
  const token = await site.daemon.token('--name', 'to be revoked');
  await withVisit(async ({ page, logIn }) => {
    await logIn('/settings');
    await page.getByRole('button', { name: 'New variable' }).click();
    await page.getByLabel('Name').fill('DEPLOY_KEY');
    await page.getByRole('dialog').getByRole('button', { name: 'Send' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Secret' }).click();
    await page.getByRole('dialog').locator('input').fill('tomato-9f3c1b77');
    await page.getByRole('dialog').getByRole('button', { name: 'Send' }).click();
    const variables = page.getByRole('region', { name: 'Variables of every run' });
    await variables.getByText('secret', { exact: true }).waitFor();
    expect(await page.content()).not.toContain('tomato-9f3c1b77');
    const tokens = page.getByRole('region', { name: 'Tokens' });
    await tokens.locator('li', { hasText: 'to be revoked' }).getByRole('button', { name: 'Revoke' }).click();
    await tokens.locator('li', { hasText: 'to be revoked' }).waitFor({ state: 'detached' });
  });
  expect(await site.home.musterJson(['variable', 'ls'])).toEqual({ variables: [{ name: 'DEPLOY_KEY', secret: true }] });
  const refused = await fetch(`${site.daemon.url}/muster.v1.HostService/GetStatus`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'Authorization': `Bearer ${token}` },
    body: '{}',
  });
  expect(refused.status).toBe(401);
});

describe('every page is readable', () => {
  const looks = (['desk', 'tablet', 'phone'] as const).flatMap(width =>
    (['dark', 'light'] as const).map(scheme => ({ width, scheme })),
  );
  let thread = '';
  beforeAll(async () => {
    thread = await site.dispatch('Plant a tree that is tall enough for birds to nest in, and water it twice a day');
  });

  test.each(looks)('$width, $scheme', async ({ width, scheme }) => {
    await withVisit(
      async ({ page, logIn, look }) => {
        await page.goto('/login');
        await look('login');
        await logIn('/');
        await page.locator('.card').first().waitFor();
        await look('board');
        await page.goto(`/threads/${thread}`);
        await page.getByText('planted').first().waitFor();
        await look('thread');
        await page.goto(`/threads/${thread}/changes`);
        await page.locator('.line-added').first().waitFor();
        await look('changes');
        await page.goto('/dispatch');
        await page.getByLabel('Task').waitFor();
        await look('dispatch');
        await page.goto('/settings');
        await page.getByRole('heading', { name: 'Sessions' }).waitFor();
        await look('settings');
        await page.getByRole('button', { name: 'Add user' }).click();
        await page.getByRole('dialog').waitFor();
        await look('dialog');
      },
      { width, scheme },
    );
  });
});
