import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { FromThreadPage, ToThreadPage } from '../../src/protocol/webview/threadPageMessages.js';
import { launchBrowser, openWebview, type OpenWebview } from './support/openWebview.js';
import { finishedThread } from './support/threadFixtures.js';
import { startWebviewServer, type WebviewServer } from './support/webviewServer.js';

let server: WebviewServer;
let browser: Browser;
beforeAll(async () => {
  [server, browser] = await Promise.all([startWebviewServer(), launchBrowser()]);
});
afterAll(async () => {
  await browser?.close();
  await server?.dispose();
});

test('text that is nested without end is shown as it was written, alone: the rest of the page is there', async () => {
  const deep = [
    `${'>'.repeat(3_000)}quoted`,
    `${'> '.repeat(700)}quoted less`,
    `${'- '.repeat(3_000)}listed`,
    `${'1. '.repeat(2_000)}numbered`,
    `${'**'.repeat(1_500)}loud${'**'.repeat(1_500)}`,
  ];
  const view: OpenWebview<ToThreadPage, FromThreadPage> = await openWebview({ browser, server, view: 'threadPage' });
  try {
    const entries = ['**Before** it', ...deep, '**After** it'].map(text => ({ kind: 'text' as const, text }));
    await view.send(...finishedThread(), { type: 'transcript', runId: 'run000000001', entries });
    const { page } = view;
    await page.locator('.prose strong').getByText('After').waitFor();
    for (const words of ['loud', 'numbered'])
      expect(await page.locator('.prose').filter({ hasText: words }).count(), words).toBeGreaterThan(0);
    expect(await view.problems()).toEqual([]);
  } finally {
    await view.close();
  }
});
