import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { FromBoard, ToBoard } from '../../src/protocol/webview/boardMessages.js';
import type { TabContent } from '../../src/protocol/webview/boardTabs/boardTab.js';
import { webviewStrings } from '../../src/protocol/webview/webviewStrings.js';
import { busyBoard, busyQueue, twoBatches } from './support/boardFixtures.js';
import { launchBrowser, openWebview, themes, type OpenWebview, type Theme } from './support/openWebview.js';
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

type BoardView = OpenWebview<ToBoard, FromBoard>;
type Tab = TabContent['tab'];

/** What each tab has to show, and what it shows when there is nothing. */
const busy: Readonly<Record<Tab, () => TabContent>> = { queue: busyQueue, batches: twoBatches };
const empty: readonly TabContent[] = [
  { tab: 'queue', queue: [], ended: [] },
  { tab: 'batches', batches: [] },
];
const tabs = empty.map(({ tab }) => tab);

async function withTab(
  content: TabContent,
  use: (view: BoardView) => Promise<void>,
  options: { readonly theme?: Theme; readonly width?: number } = {},
): Promise<void> {
  const view: BoardView = await openWebview({ browser, server, view: 'board', ...options });
  try {
    await view.send(...busyBoard());
    await view.page.getByRole('tab', { name: webviewStrings[`tab.${content.tab}`] }).click();
    expect(await view.waitForPosted('show')).toEqual({ type: 'show', tab: content.tab });
    await view.send({ type: 'tab', content });
    await use(view);
    expect(await view.problems()).toEqual([]);
  } finally {
    await view.close();
  }
}

async function checkLooks(view: BoardView, name: string): Promise<void> {
  expect(await view.accessibilityProblems()).toEqual([]);
  await view.screenshot(`board-${name}`);
}

describe('every tab is readable', () => {
  test.each(tabs.flatMap(tab => themes.map(theme => ({ tab, theme }))))('$tab, $theme', async ({ tab, theme }) => {
    await withTab(busy[tab](), view => checkLooks(view, `${tab}-${theme}`), { theme });
  });

  test.each(empty)('$tab without anything', async content => {
    await withTab(content, view => checkLooks(view, `${content.tab}-empty-dark`));
  });

  test.each(tabs)('%s in a narrow editor group', async tab => {
    await withTab(busy[tab](), view => checkLooks(view, `${tab}-narrow-light`), { theme: 'light', width: 420 });
  });
});

describe('tabs are used with the keyboard', () => {
  const focused = (view: BoardView): Promise<string> =>
    view.page.evaluate(() => document.activeElement?.textContent?.trim() ?? '');

  test('arrows go from tab to tab and around, Tab goes into what is shown', async () => {
    await withTab(busyQueue(), async view => {
      const { page } = view;
      await page.getByRole('tab', { name: 'Queue' }).focus();
      await page.keyboard.press('Home');
      expect(await focused(view)).toBe('Board');
      await page.keyboard.press('ArrowLeft');
      expect(await page.getByRole('tab', { selected: true }).textContent()).toContain('Batches');
      await page.keyboard.press('Home');
      while ((await focused(view)) !== 'Queue') await page.keyboard.press('ArrowRight');
      await page.keyboard.press('Tab');
      expect(await focused(view)).toBe('Speed up start-up');
      await page.keyboard.press('ArrowDown');
      expect(await focused(view)).toBe('Upgrade zod');
      await page.keyboard.press('Enter');
      expect(await view.waitForPosted('act')).toEqual({ type: 'act', threadId: 'ready0000001', action: 'open' });
    });
  });

  test('a merge changes its turn and is cancelled', async () => {
    await withTab(busyQueue(), async view => {
      const { page } = view;
      await page.getByRole('button', { name: 'Document the config file', exact: true }).focus();
      await page.keyboard.press('Tab');
      await page.keyboard.press('Enter');
      expect(await view.waitForPosted('tabAct')).toEqual({
        type: 'tabAct',
        action: { tab: 'queue', action: { kind: 'move', mergeId: 'merge0000003', before: 'merge0000002' } },
      });
      await page.getByRole('button', { name: 'Cancel merge: Backport the fix' }).click();
      expect((await view.posted()).at(-1)).toEqual({
        type: 'tabAct',
        action: { tab: 'queue', action: { kind: 'cancel', mergeId: 'merge0000004' } },
      });
    });
  });

  test('a batch says how far it is and is abandoned', async () => {
    await withTab(twoBatches(), async view => {
      const { page } = view;
      expect(await page.getByText('1 of 5 done · 1 needs you · 2 working · 1 ready for review').count()).toBe(1);
      expect(await page.getByText('waits for Upgrade the forms, Upgrade the error map').count()).toBe(1);
      await page.getByRole('button', { name: 'Abandon batch…: zod-4' }).click();
      expect(await view.waitForPosted('tabAct')).toEqual({
        type: 'tabAct',
        action: { tab: 'batches', action: { kind: 'abandon', batch: 'zod-4' } },
      });
    });
  });
});

test('the tab in front is there again after the document was gone', async () => {
  await withTab(twoBatches(), async view => {
    const { page } = view;
    await page.waitForFunction(() => sessionStorage.getItem('state')?.includes('"batches"') === true);
    await page.reload();
    await page.getByRole('tab', { name: 'Batches', selected: true }).waitFor();
    expect(await view.waitForPosted('show')).toEqual({ type: 'show', tab: 'batches' });
  });
});
