import { describe, expect, test } from 'vitest';
import type { FromBoard, ToBoard } from '../../src/protocol/webview/boardMessages.js';
import type { TabContent } from '../../src/protocol/webview/boardTabs/boardTab.js';
import { webviewStrings } from '../../src/protocol/webview/webviewStrings.js';
import { busyBoard, busyQueue, busySchedules, twoBatches } from './support/boardFixtures.js';
import { agentsWithCosts, busyTimeline, twoChains } from './support/tabFixtures.js';
import { themes, type OpenWebview, type Theme } from './support/openWebview.js';
import { webviews } from './support/webviews.js';

type BoardView = OpenWebview<ToBoard, FromBoard>;
const withBoard = webviews<ToBoard, FromBoard>('board');
type Tab = TabContent['tab'];

/** What each tab has to show, and what it shows when there is nothing. */
const busy: Readonly<Record<Tab, () => TabContent>> = {
  timeline: busyTimeline,
  chains: twoChains,
  agents: agentsWithCosts,
  queue: busyQueue,
  batches: twoBatches,
  schedules: busySchedules,
};
const empty: readonly TabContent[] = [
  { tab: 'timeline', runs: [] },
  { tab: 'chains', chains: [], older: 0, several: false },
  { tab: 'agents', agents: [], days: [] },
  { tab: 'queue', queue: [], ended: [] },
  { tab: 'batches', batches: [] },
  { tab: 'schedules', now: 1, days: [], triggers: [], events: [] },
];
const tabs = empty.map(({ tab }) => tab);

async function withTab(
  content: TabContent,
  use: (view: BoardView) => Promise<void>,
  options: { readonly theme?: Theme; readonly width?: number } = {},
): Promise<void> {
  await withBoard(
    busyBoard(),
    async view => {
      await view.page.getByRole('tab', { name: webviewStrings[`tab.${content.tab}`] }).click();
      expect(await view.waitForPosted('show')).toEqual({ type: 'show', tab: content.tab });
      await view.send({ type: 'tab', content });
      await use(view);
    },
    options,
  );
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

  test.each(tabs)('%s at 200 px stays within the page', async tab => {
    const look = async (view: BoardView): Promise<void> => {
      expect(await view.page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(200);
      const pieces = await view.page
        .locator('.strip-agent > span, .strip-place-words > span, .strip-figures > div')
        .evaluateAll(found =>
          found.map(piece => {
            const { left, right, top, bottom } = piece.getBoundingClientRect();
            return { left, right, top, bottom };
          }),
        );
      for (const [i, a] of pieces.entries())
        for (const b of pieces.slice(i + 1))
          expect(a.right <= b.left || b.right <= a.left || a.bottom <= b.top || b.bottom <= a.top).toBe(true);
      await checkLooks(view, `${tab}-200px-light`);
    };
    await withTab(busy[tab](), look, { theme: 'light', width: 200 });
  });

  const pastTheHour = new Date().setMinutes(1, 0, 0);
  /** Names come and go within six hours of the clock: each quarter of an hour of them, a minute past. */
  const moments = Array.from({ length: 24 }, (_, quarter) => pastTheHour + quarter * 15 * 60_000);

  test.each(
    [busyTimeline, busySchedules].flatMap(content =>
      [1200, 961, 601, 420, 341, 200].map(width => ({ content, width })),
    ),
  )(
    'no name of an hour is cut off or covers another, whatever the time is: $content.name, $width px',
    async ({ content, width }) => {
      const look = async (view: BoardView): Promise<void> => {
        const { page } = view;
        for (const now of moments) {
          await page.clock.setFixedTime(now);
          await view.send({ type: 'tab', content: content(now) });
          const boxes = await page.locator('.axis text:visible, .strip-hours text:visible').evaluateAll(texts =>
            texts.map(text => {
              const { left, right, top } = text.getBoundingClientRect();
              const axis = text.closest('svg');
              const clips = axis !== null && getComputedStyle(axis).overflow !== 'visible';
              return { left, right, top, end: clips ? axis.getBoundingClientRect().right : innerWidth };
            }),
          );
          const at = new Date(now).toLocaleTimeString();
          for (const [i, { left, right, top, end }] of boxes.entries()) {
            expect(left, at).toBeGreaterThanOrEqual(0);
            expect(right, at).toBeLessThanOrEqual(end);
            const before = boxes[i - 1];
            if (before?.top === top) expect(left, at).toBeGreaterThan(before.right);
          }
        }
      };
      await withTab(content(), look, { width });
    },
  );
});

describe('tabs are used with the keyboard', () => {
  const focused = (view: BoardView): Promise<string> =>
    view.page.evaluate(() => document.activeElement?.textContent?.trim() ?? '');

  test('arrows go from tab to tab and around, Tab goes into what is shown', async () => {
    await withTab(busyQueue(), async view => {
      const { page } = view;
      await page.getByRole('tab', { name: 'Merge queue' }).focus();
      await page.keyboard.press('Home');
      expect(await focused(view)).toBe('Board');
      await page.keyboard.press('ArrowLeft');
      expect(await page.getByRole('tab', { selected: true }).textContent()).toContain('Schedules');
      await page.keyboard.press('Home');
      while ((await focused(view)) !== 'Merge queue') await page.keyboard.press('ArrowRight');
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

  test('a trigger says what is due and what came of it, is fired, switched and previewed, and leads to its runs', async () => {
    await withTab(busySchedules(), async view => {
      const { page } = view;
      const last = async (): Promise<FromBoard | undefined> => (await view.posted()).at(-1);
      const key = { projectId: 'shop0000001', agent: 'gardener', name: 'often' };
      expect(await page.getByText('next in 12 min').count()).toBe(1);
      expect(await page.getByText('every 90 s').count()).toBe(1);
      expect(await page.getByRole('img', { name: /^Next 24 hours: .*and 42\+ more$/ }).count()).toBe(1);
      expect(await page.locator('.strip-on').count()).toBe(1);
      // Once for each agent, above what they are about.
      expect(await page.getByText('Next 24 hours', { exact: true }).count()).toBe(2);
      expect(await page.getByText('Last 7 days', { exact: true }).count()).toBe(2);
      expect(await page.getByText(/: 21 started, 1 waits$/).count()).toBe(1);
      await page.getByRole('button', { name: 'Fire now: often' }).click();
      expect(await last()).toEqual({ type: 'tabAct', action: { tab: 'schedules', action: { kind: 'fire', ...key } } });
      await page.getByRole('button', { name: 'Switch on: countdown' }).click();
      expect(await last()).toMatchObject({ action: { action: { kind: 'switch', name: 'countdown', enabled: true } } });
      await page.getByRole('button', { name: 'Preview schedule: shop' }).first().click();
      expect(await last()).toMatchObject({ action: { action: { kind: 'preview', projectId: 'shop0000001' } } });
      await page.getByRole('button', { name: 'often', exact: true }).click();
      expect(await last()).toMatchObject({ action: { action: { kind: 'script', id: 'script00001' } } });
      await page.getByRole('button', { name: 'succeeded', exact: true }).first().click();
      expect(await last()).toEqual({ type: 'act', threadId: 'ready0000001', action: 'open' });
    });
  });

  test('an event says what listens to it, is shown whole, and tried again when it was given up', async () => {
    await withTab(busySchedules(), async view => {
      const { page } = view;
      const last = async (): Promise<FromBoard | undefined> => (await view.posted()).at(-1);
      await page.getByRole('button', { name: 'external.release', exact: true }).click();
      expect(await last()).toMatchObject({ action: { action: { kind: 'event', id: 'event0000002' } } });
      await page.getByRole('button', { name: 'Try again what was given up: external.release' }).click();
      expect(await last()).toMatchObject({ action: { action: { kind: 'replay', id: 'event0000002' } } });
      await page.getByRole('button', { name: 'triage · bugs · run succeeded' }).click();
      expect(await last()).toEqual({ type: 'act', threadId: 'ready0000001', action: 'open' });
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

describe('the timeline', () => {
  test('draws runs at the same time below each other, and arrows go from bar to bar and lane to lane', async () => {
    await withTab(busyTimeline(), async view => {
      const { page } = view;
      const label = (): Promise<string> =>
        page.evaluate(() => document.activeElement?.getAttribute('aria-label') ?? '');
      const lane = page.getByRole('region', { name: 'dev' });
      expect(await lane.locator('.bar').count()).toBe(5);
      expect(await lane.locator('svg.bars').getAttribute('height')).toBe('40');
      await lane.locator('.bar').last().focus();
      expect(await label()).toBe('dev: Translate the messages, queued, $0.42');
      await page.keyboard.press('Home');
      expect(await label()).toMatch(/^dev: Upgrade zod, succeeded, 47 min, \$0\.42/);
      await page.keyboard.press('ArrowDown');
      expect(await label()).toMatch(/^reviewer: Upgrade zod/);
      await page.keyboard.press('Enter');
      expect(await view.waitForPosted('act')).toEqual({ type: 'act', threadId: 'ready0000001', action: 'open' });
    });
  });

  test('the time that it shows is chosen, and is the same after the document was gone', async () => {
    await withTab(busyTimeline(), async view => {
      const { page } = view;
      await page.getByLabel('Time shown').selectOption('Last hour');
      expect(await page.getByRole('region', { name: 'reviewer' }).locator('.bar').count()).toBe(1);
      await page.waitForFunction(() => sessionStorage.getItem('state')?.includes('"timelineHours":1') === true);
      await page.reload();
      await view.send(...busyBoard(), { type: 'tab', content: busyTimeline() });
      expect(await page.getByLabel('Time shown').inputValue()).toBe('1');
    });
  });
});

test('a chain says who asked whom, with verdicts and costs, in reading order', async () => {
  await withTab(twoChains(), async view => {
    const steps = await view.page.locator('.chain').first().getByRole('listitem').allInnerTexts();
    const words = steps.map(step => step.replace(/\s+/g, ' ').trim());
    expect(words[0]).toBe('you');
    expect(words[2]).toContain('hands over to reviewer requests changes succeeded 4 min $0.31 88.1k tokens');
    expect(words[4]).toContain('reviewer approves');
    expect(words[5]).toMatch(/^you ask for changes from dev/);
    const asker = view.page.locator('.chain').first().getByRole('listitem').nth(5).getByText('you', { exact: true });
    expect((await asker.boundingBox())?.width).toBeGreaterThan(5);
    const [head = ''] = await view.page.getByRole('heading', { name: 'Upgrade zod' }).allInnerTexts();
    expect(head.replace(/\s+/g, ' ')).toContain('Upgrade zod shop approved by you, reviewer');
    await view.page.getByRole('button', { name: 'Rename handlers' }).click();
    expect(await view.waitForPosted('act')).toEqual({ type: 'act', threadId: 'needs0000002', action: 'open' });
  });
});

test('agents tell their health in words, are given tasks, and their costs are there as numbers', async () => {
  await withTab(agentsWithCosts(), async view => {
    const { page } = view;
    expect(await page.getByText('left alone after 3 failures in a row').first().isVisible()).toBe(true);
    const table = page.getByRole('table');
    expect(await table.getByRole('row', { name: 'dev' }).innerText()).toMatch(
      /\$2\.20\s+\$31\.40\s+41\s+3\s+412k\s+93k\s+8\.1M\s+610k/,
    );
    expect(await table.getByRole('row', { name: 'Σ' }).innerText()).toContain('$40.50');
    await page.getByRole('button', { name: 'How to fix: writer' }).click();
    await page.getByRole('button', { name: 'dev', exact: true }).click();
    const acted = (await view.posted()).filter(message => message.type === 'tabAct');
    expect(acted.map(message => message.action.action)).toEqual([
      { kind: 'fix', projectId: 'project00001', agent: 'writer' },
      { kind: 'dispatch', projectId: 'project00001', agent: 'dev' },
    ]);
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

test('a board without schedules says what they are and how to have one, whatever was published meanwhile', async () => {
  const events = [
    { id: 'e1', topic: 'muster.thread.ready', source: 'muster', createdAt: 1, state: 'no_subscriber', deliveries: [] },
  ];
  const nothing: TabContent = { tab: 'schedules', now: 1, days: [], triggers: [], events, editable: true };
  await withTab(nothing, async view => {
    const { page } = view;
    await page.getByText(webviewStrings.emptySchedules).waitFor();
    await page.getByText("cron: '30 3 * * *'").waitFor();
    await page.getByText('muster.thread.ready').waitFor();
    await checkLooks(view, 'schedules-none-dark');
    await page.getByRole('button', { name: webviewStrings.openComposeFile }).click();
    expect(await view.waitForPosted('tabAct')).toMatchObject({ action: { action: { kind: 'edit' } } });
  });
});

describe('the room where agents run', () => {
  test('is told in words: what is ready, asked for and waiting, and why nothing more is known', async () => {
    await withBoard(busyBoard(), async ({ page }) => {
      const places = page.getByRole('list', { name: 'Room for runs' }).getByRole('listitem');
      const words = (await places.allInnerTexts()).map(text => text.replace(/\s+/g, ' ').trim());
      expect(words).toEqual([
        'build/agents (pool=agents) · 2 of 3 nodes ready · 3.5 of 8 CPUs and 9 of 16 GB asked for · 3 running · 4 waiting for the cluster 0/3 nodes are available: 1 node(s) had untolerated taint, 2 Insufficient memory',
        'arn:aws:eks:eu-central-1:012345678901:cluster/production/team-agents · 1 running not known: nodes: nodes is forbidden: User "ada" cannot list resource "nodes" in API group "" at the cluster scope',
        'ssh://one.example.com, ssh://two.example.com · 1 of 2 engines answer · 0 of 16 CPUs and 0.5 of 64 GB asked for · 2 running not known: ssh://two.example.com: no answer',
      ]);
      expect(await places.first().getAttribute('title')).toMatch(/^dev, reviewer\n/);
    });
  });

  test('is gone from the strip when no agent runs elsewhere', async () => {
    await withBoard(busyBoard(), async view => {
      await view.send({ type: 'strip', agents: [], queued: 0 });
      await view.page.getByRole('list', { name: 'Room for runs' }).waitFor({ state: 'detached' });
    });
  });
});
