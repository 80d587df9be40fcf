import { describe, expect, test } from 'vitest';
import type { ToThreadPage } from '../../src/protocol/webview/threadPageMessages.js';
import { settle } from './support/openWebview.js';
import { finishedThread, threadView, agentView } from './support/threadFixtures.js';
import { runId, threadPages, workingThread, type ThreadPage } from './support/threadPages.js';

const withPage = threadPages();

describe('acting on the thread', () => {
  test('buttons and menus post their actions; the menu works with the keyboard', async () => {
    await withPage(finishedThread(), async view => {
      const { page } = view;
      await page.getByRole('button', { name: 'Review changes' }).click();
      await page.getByRole('button', { name: 'Merge', exact: true }).click();
      await page.getByRole('button', { name: 'Merge options' }).click();
      await page.getByRole('menuitem', { name: 'Squash and merge' }).click();
      await page.getByRole('button', { name: 'More actions' }).press('ArrowDown');
      await page.keyboard.press('End');
      await page.keyboard.press('Enter');
      const actions = (await view.posted()).flatMap(message => (message.type === 'act' ? [message.action] : []));
      expect(actions).toEqual(['review', 'merge', 'mergeSquash', 'abandon']);
      expect(await page.getByRole('menu').count()).toBe(0);
      await page.getByRole('button', { name: 'More actions' }).press('Enter');
      await page.keyboard.press('Escape');
      expect(await page.getByRole('menu').count()).toBe(0);
      expect(await page.evaluate(() => document.activeElement?.getAttribute('aria-label'))).toBe('More actions');
    });
  });

  test('review keeps its place, and a click that comes just after the buttons changed does nothing', async () => {
    const [, working] = workingThread(1);
    const busy = threadView({
      ...(working?.type === 'thread' ? working.thread : {}),
      ...{ filesChanged: 2, additions: 3, deletions: 0 },
    });
    const ready: ToThreadPage = { type: 'thread', thread: threadView({ status: 'ready' }), agents: [agentView()] };
    await withPage([...workingThread(1), { type: 'thread', thread: busy, agents: [agentView()] }], async view => {
      const { page } = view;
      const place = async (id: string) => Math.round((await page.locator(`[data-id=${id}]`).boundingBox())?.x ?? -1);
      const before = await place('review');
      await settle(page);
      await page.evaluate(message => {
        addEventListener('message', () =>
          requestAnimationFrame(() => document.querySelector<HTMLElement>('[data-id=merge]')?.click()),
        );
        postMessage(message, '*');
      }, ready);
      await page.locator('[data-id=merge]').waitFor();
      await settle(page);
      expect(await place('review')).toBe(before);
      expect(await place('review')).toBeGreaterThan(await place('merge'));
      // The first that the keyboard gets to, so that Enter on a page that just opened merges nothing.
      await page.keyboard.press('Tab');
      expect(await page.evaluate(() => document.activeElement?.getAttribute('data-id'))).toBe('review');
      expect(await view.posted()).not.toContainEqual({ type: 'act', action: 'merge' });
      await expect
        .poll(async () => {
          await page.locator('[data-id=merge]').click();
          return await view.posted();
        })
        .toContainEqual({ type: 'act', action: 'merge' });
    });
  });

  test.each(['dark', 'light', 'highContrast', 'highContrastLight'] as const)(
    'at 200 px nothing of the header is cut off: %s',
    async theme => {
      const narrow = { theme, width: 200, height: 600 };
      const look = async ({ page, screenshot }: ThreadPage): Promise<void> => {
        for (const id of ['merge', 'review']) {
          const box = await page.locator(`[data-id=${id}]`).boundingBox();
          expect(box?.x).toBeGreaterThanOrEqual(0);
          expect((box?.x ?? 0) + (box?.width ?? 999)).toBeLessThanOrEqual(200);
        }
        expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(200);
        await screenshot(`thread-200px-${theme}`);
      };
      await withPage(finishedThread(), look, narrow);
    },
  );

  test('a file opens its diff, a run its log', async () => {
    await withPage(finishedThread(), async view => {
      await view.page.getByRole('button', { name: 'addressForm.ts' }).click();
      await view.page.getByRole('button', { name: 'Open raw log of run 1' }).click();
      const opened = (await view.posted()).filter(message => message.type.startsWith('open'));
      expect(opened).toEqual([
        { type: 'openDiff', path: 'src/forms/checkout/addressForm.ts' },
        { type: 'openRunLog', runId },
      ]);
    });
  });

  test('without a host it says so, keeps what is known, and offers to start one', async () => {
    await withPage([...finishedThread(), { type: 'connection', state: 'offline' }], async view => {
      const { page } = view;
      expect(await page.getByText('all 203 tests pass').count()).toBe(1);
      await page.getByRole('button', { name: 'Start host' }).click();
      expect(await view.waitForPosted('startHost')).toEqual({ type: 'startHost' });
    });
  });
});
