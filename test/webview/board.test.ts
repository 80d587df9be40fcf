import { describe, expect, test } from 'vitest';
import type { FromBoard, ToBoard } from '../../src/protocol/webview/boardMessages.js';
import { webviewStrings } from '../../src/protocol/webview/webviewStrings.js';
import { busyBoard, busyThreads } from './support/boardFixtures.js';
import { themes, type OpenWebview } from './support/openWebview.js';
import { threadView } from './support/threadFixtures.js';
import { webviews } from './support/webviews.js';

type BoardView = OpenWebview<ToBoard, FromBoard>;

const withBoard = webviews<ToBoard, FromBoard>('board');

/** Breaks no rule of axe, and is kept as a picture. */
async function checkLooks(view: BoardView, name: string): Promise<void> {
  expect(await view.accessibilityProblems()).toEqual([]);
  await view.screenshot(`board-${name}`);
}

const offline: ToBoard = { type: 'connection', state: 'offline' };
const init: ToBoard = { type: 'init', strings: webviewStrings };

test.each(themes)(
  'cards say what conflicts, which attempt it is and what was stopped, without the green of what is done: %s',
  async theme => {
    const latestRun = { status: 'cancelled', agent: 'dev', activity: '', queuedAt: 1 };
    const threads = [
      threadView({ id: 'k3v9x2m4q7w1', summary: 'Conflicting', conflicting: true, conflictTarget: 'main' }),
      threadView({ id: 'k3v9x2m4q7w2', summary: 'Second attempt', attempt: { place: 2, of: 3 } }),
      threadView({ id: 'k3v9x2m4q7w3', summary: 'Stopped', latestRun }),
      threadView({
        id: 'k3v9x2m4q7w5',
        summary: 'Reviewed',
        approvedBy: { agents: 'eve', commit: '12ab34cd56' },
      }),
      threadView({ id: 'k3v9x2m4q7w4', summary: 'Over', status: 'closed', latestRun }),
    ];
    const show = async (view: BoardView): Promise<void> => {
      const { page } = view;
      const card = (text: string) => page.locator('.card', { hasText: text }).first();
      await card('Conflicting').getByText('conflicts with main').waitFor();
      await card('Second attempt').getByText('attempt 2 of 3').waitFor();
      await card('Reviewed').getByText('approved by eve at 12ab34cd').waitFor();
      await card('Stopped').getByText('Stopped before it was done').last().waitFor();
      await card('Over').getByText('Closed · stopped before it was done').last().waitFor();
      const color = (text: string) =>
        card(text)
          .locator('.state-icon')
          .evaluate(element => getComputedStyle(element).color);
      expect(await color('Stopped')).not.toBe(await color('Second attempt'));
      await checkLooks(view, `told-${theme}`);
    };
    await withBoard(busyBoard(threads), show, { theme });
  },
);

test('runs that wait and merges that wait are called differently, and a tab that is asked for comes to the front', async () => {
  await withBoard([...busyBoard(), { type: 'strip', agents: [], queued: 1 }], async view => {
    const { page } = view;
    expect(await page.locator('.strip-figures dt').first().innerText()).toBe('Queued runs');
    await page.getByRole('tab', { name: 'Merge queue', exact: true }).waitFor();
    expect(await page.getByText('Queue', { exact: true }).count()).toBe(0);
  });
  await withBoard([...busyBoard(), { type: 'show', tab: 'schedules' }], async view => {
    await view.page.getByRole('tab', { name: 'Schedules', selected: true }).waitFor();
    expect(await view.posted()).toContainEqual({ type: 'show', tab: 'schedules' });
  });
});

describe('the board is readable', () => {
  test.each(themes)('busy, %s', async theme => {
    await withBoard(busyBoard(), view => checkLooks(view, `busy-${theme}`), { theme });
  });

  test.each(themes)('empty, %s', async theme => {
    const messages: readonly ToBoard[] = [...busyBoard([]), { type: 'strip', agents: [], queued: 0 }];
    await withBoard(messages, view => checkLooks(view, `empty-${theme}`), { theme });
  });

  test.each(themes)('loading, %s', async theme => {
    await withBoard([init], view => checkLooks(view, `loading-${theme}`), { theme });
  });

  test('offline, with and without anything known', async () => {
    await withBoard([init, offline], view => checkLooks(view, 'offline-dark'));
    await withBoard([...busyBoard(), offline], view => checkLooks(view, 'offlineKnown-dark'));
  });

  test('an action that failed', async () => {
    const failed: ToBoard = { type: 'failed', message: 'The merge was refused: dev is still working on this thread.' };
    await withBoard([...busyBoard(), failed], view => checkLooks(view, 'failed-light'), { theme: 'light' });
  });

  test('in a narrow editor group', async () => {
    await withBoard(busyBoard(), view => checkLooks(view, 'narrow-dark'), { width: 480 });
  });
});

test('words and an agent narrow the columns, also in the next document; Escape shows all again, and what is opened is what is shown (compas 94, defect 30)', async () => {
  const threads = [
    threadView({ id: 'k3v9x2m4q7w1', summary: 'Add health check', agent: 'dev' }),
    threadView({ id: 'k3v9x2m4q7w2', summary: 'Rename handlers', agent: 'reviewer' }),
    threadView({ id: 'k3v9x2m4q7w3', summary: 'Add metrics', agent: 'reviewer' }),
  ];
  await withBoard(busyBoard(threads), async view => {
    const { page } = view;
    const titles = () => page.locator('.card-title').allInnerTexts();
    const box = page.getByRole('textbox', { name: 'Filter threads' });
    await box.fill('add');
    expect((await titles()).toSorted()).toEqual(['Add health check', 'Add metrics']);
    await page.getByRole('combobox', { name: 'Threads of which agent' }).selectOption('reviewer');
    expect(await titles()).toEqual(['Add metrics']);
    await page.getByRole('button', { name: 'Add metrics', exact: true }).click();
    expect(await view.waitForPosted('act')).toEqual({ type: 'act', threadId: 'k3v9x2m4q7w3', action: 'open' });
    await page.waitForFunction(() => sessionStorage.getItem('state')?.includes('"reviewer"'));
    await view.screenshot('board-filtered-dark');
    await page.reload();
    await page.getByText('Add metrics').waitFor();
    expect(await titles()).toEqual(['Add metrics']);
    await box.press('Escape');
    expect(await titles()).toHaveLength(3);
    expect(await box.inputValue()).toBe('');
  });
});

test('cards that are called alike show what tells them apart', async () => {
  const threads = [
    threadView({ id: 'k3v9x2m4q7w1', summary: 'Fix the test', status: 'ready' }),
    threadView({ id: '7b1cx2m4q7w2', summary: 'Fix the test', status: 'merged' }),
    threadView({ id: '9z9cx2m4q7w3', summary: 'Add metrics', status: 'ready' }),
  ];
  await withBoard(busyBoard(threads), async ({ page }) => {
    const markOf = (id: string) => page.locator(`[data-thread="${id}"] .card-mark`).allInnerTexts();
    expect(await markOf('k3v9x2m4q7w1')).toEqual(['k3v9']);
    expect(await markOf('7b1cx2m4q7w2')).toEqual(['7b1c']);
    expect(await markOf('9z9cx2m4q7w3')).toEqual([]);
    expect(await page.locator('[aria-label$=": Fix the test (k3v9)"]').count()).toBeGreaterThan(0);
  });
});

test('cards name the project of an agent where another project has agents, also when that has no thread yet', async () => {
  const [init, ...rest] = busyBoard([threadView({ id: 'k3v9x2m4q7w1', projectName: 'shop', agent: 'dev' })]);
  const strip = rest.find(message => message.type === 'strip');
  const [agent] = strip?.agents ?? [];
  if (!init || !strip || !agent) throw new Error('the fixture has no agents');
  const agents = [agent, { ...agent, projectId: 'site0000001', projectName: 'site' }];
  await withBoard([init, ...rest, { ...strip, agents }], async ({ page }) => {
    await page.locator('.card').getByText('shop/dev', { exact: true }).waitFor();
  });
});

test('the load of an agent is named against its limit, and without one nothing is divided by zero', async () => {
  const [init, ...rest] = busyBoard();
  const strip = rest.find(message => message.type === 'strip');
  const [agent] = strip?.agents ?? [];
  if (!init || !strip || !agent) throw new Error('the fixture has no agents');
  const agents = [
    { ...agent, name: 'limited', active: 1, concurrency: 3, problem: '' },
    { ...agent, name: 'free', active: 0, concurrency: 0, problem: '' },
  ];
  await withBoard([init, ...rest, { ...strip, agents }], async view => {
    const words = await view.page.locator('.strip-agent').allInnerTexts();
    expect(words.map(text => text.replace(/\s+/g, ' ').trim())).toEqual([
      expect.stringMatching(/limited 1 of 3 running/),
      expect.stringMatching(/free 0 running/),
    ]);
  });
});

describe('the board is used with the keyboard', () => {
  const focusedTitle = (view: BoardView): Promise<string> =>
    view.page.evaluate(() => document.activeElement?.textContent?.trim() ?? '');

  test('Tab enters at one card, arrows go between cards, Enter opens', async () => {
    await withBoard(busyBoard(), async view => {
      const { page } = view;
      await page.keyboard.press('Tab');
      expect(await focusedTitle(view)).toBe('Board');
      // The words and the agent to filter by.
      await page.keyboard.press('Tab');
      await page.keyboard.press('Tab');
      expect(await focusedTitle(view)).toMatch(/^All agents/);
      await page.keyboard.press('Tab');
      expect(await focusedTitle(view)).toBe('Add health check');
      await page.keyboard.press('ArrowDown');
      expect(await focusedTitle(view)).toBe('Rename handlers');
      await page.keyboard.press('ArrowRight');
      expect(await focusedTitle(view)).toBe('Document the config file');
      await page.keyboard.press('End');
      expect(await focusedTitle(view)).toBe('Translate the error messages');
      await page.keyboard.press('ArrowRight');
      expect(await focusedTitle(view)).toBe('Upgrade zod');
      await page.keyboard.press('Enter');
      expect(await view.waitForPosted('act')).toEqual({ type: 'act', threadId: 'ready0000001', action: 'open' });
    });
  });

  test('Tab goes from a card to its own actions', async () => {
    await withBoard(busyBoard(), async view => {
      const { page } = view;
      await page.getByRole('button', { name: 'Upgrade zod', exact: true }).focus();
      await page.keyboard.press('Tab');
      await page.keyboard.press('Tab');
      await page.keyboard.press('Enter');
      expect(await view.waitForPosted('act')).toEqual({ type: 'act', threadId: 'ready0000001', action: 'merge' });
    });
  });

  test('the card keeps the focus when its thread moves to another column', async () => {
    await withBoard(busyBoard(), async view => {
      await view.page.getByRole('button', { name: 'Document the config file', exact: true }).focus();
      const moved = { ...busyThreads()[3]!, status: 'ready' as const, updatedAt: Date.now() };
      await view.send({ type: 'changes', threads: [moved], removed: [] });
      const ready = view.page.getByRole('region', { name: 'Ready for review' });
      expect(await ready.getByRole('button', { name: 'Document the config file', exact: true }).count()).toBe(1);
      expect(await focusedTitle(view)).toBe('Document the config file');
    });
  });
});

describe('the board is live', () => {
  test('changed threads move, removed ones go, messages that do not fit are dropped', async () => {
    await withBoard(busyBoard(), async view => {
      const { page } = view;
      const wrong = { type: 'changes', threads: [{ id: 'x' }], removed: [] } as unknown as ToBoard;
      await view.send(
        {
          type: 'changes',
          threads: [threadView({ id: 'ready0000001', summary: 'Upgrade zod', status: 'merged' })],
          removed: ['needs0000001'],
        },
        wrong,
      );
      expect(
        await page
          .getByRole('region', { name: 'Done' })
          .getByRole('button', { name: 'Upgrade zod', exact: true })
          .count(),
      ).toBe(1);
      expect(await page.getByText('Add health check').count()).toBe(0);
      expect(await page.getByRole('region', { name: 'Needs you' }).locator('.card').count()).toBe(1);
    });
  });

  test('a thousand cards arrive and stay quick to use', async () => {
    const threads = Array.from({ length: 1_000 }, (_, i) =>
      threadView({
        id: `many${String(i).padStart(8, '0')}`,
        summary: `Task ${i}`,
        status: i % 2 === 0 ? 'ready' : 'merged',
        updatedAt: Date.now() - i,
      }),
    );
    await withBoard(busyBoard(threads), async view => {
      const { page } = view;
      expect(await page.getByRole('region', { name: 'Ready for review' }).locator('.card').count()).toBe(500);
      expect(await page.getByRole('region', { name: 'Done' }).locator('.card').count()).toBe(50);
      await page.getByRole('button', { name: 'Show 450 more' }).click();
      expect(await page.getByRole('region', { name: 'Done' }).locator('.card').count()).toBe(500);
      await view.send({ type: 'changes', threads: [{ ...threads[0]!, summary: 'Changed' }], removed: [] });
      expect(await page.getByRole('button', { name: 'Changed', exact: true }).count()).toBe(1);
      await checkLooks(view, 'huge-dark');
    });
  });

  test('of a thousand cards of one column only those in sight are drawn while it scrolls', async () => {
    const threads = Array.from({ length: 1_000 }, (_, i) =>
      threadView({
        id: `many${String(i).padStart(8, '0')}`,
        summary: `Task ${i}`,
        status: 'ready',
        updatedAt: Date.now() - i,
      }),
    );
    await withBoard(busyBoard(threads), async view => {
      const found = await view.page.evaluate(async () => {
        const list = document.querySelector('[aria-label="Ready for review"] .cards');
        if (!list) throw new Error('No column');
        for (let frame = 0; frame < 120; frame++) {
          await new Promise(resolve => requestAnimationFrame(resolve));
          list.scrollTop += 240;
        }
        // The contents of a card that is out of sight are skipped, not the card itself.
        const drawn = [...list.querySelectorAll('.card-title')].filter(title =>
          title.checkVisibility({ contentVisibilityAuto: true }),
        );
        return { drawn: drawn.length, at: list.scrollTop };
      });
      expect(found.at).toBeGreaterThan(20_000);
      expect(found.drawn).toBeLessThan(100);
    });
  });

  test('cards that were there are painted before the extension says anything again', async () => {
    await withBoard(busyBoard(), async view => {
      const { page } = view;
      await page.waitForFunction(() => sessionStorage.getItem('state') !== null);
      await page.reload();
      await page.getByRole('button', { name: 'Upgrade zod', exact: true }).waitFor();
    });
  });
});

test('a card tells VS Code what belongs in its menu, and that text is neither cut nor pasted there', async () => {
  const thread = threadView({ id: 'k3v9x2m4q7w1', status: 'ready', filesChanged: 1 });
  await withBoard(busyBoard([thread]), async ({ page }) => {
    const told = await page.locator('.card').first().getAttribute('data-vscode-context');
    expect(JSON.parse(told ?? '')).toEqual({
      threadId: thread.id,
      musterActions: expect.stringMatching(/^open review merge .*copyId/),
      preventDefaultContextMenuItems: true,
    });
  });
});
