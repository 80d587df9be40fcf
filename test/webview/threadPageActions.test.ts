import { describe, expect, test } from 'vitest';
import type { ToThreadPage } from '../../src/protocol/webview/threadPageMessages.js';
import type { ThreadView } from '../../src/protocol/webview/threadView.js';
import { settle } from './support/openWebview.js';
import { agentView, finishedThread, init, messageView, runView, threadView } from './support/threadFixtures.js';
import { runId, threadPages, workingThread, type ThreadPage } from './support/threadPages.js';

const withPage = threadPages();

const caughtUp: ToThreadPage = { type: 'caughtUp' };

test('no changes are still to come while an agent works, and are none when it has ended', async () => {
  const files: ToThreadPage = { type: 'files', files: [], uncommitted: 0 };
  const atWork = threadView({ status: 'working', filesChanged: undefined });
  await withPage(
    [...finishedThread(), { type: 'thread', thread: atWork, agents: [agentView()] }, files],
    async view => {
      await view.page.getByText('No changes yet', { exact: true }).waitFor();
      await view.send({
        type: 'thread',
        thread: { ...atWork, status: 'ready', filesChanged: 0 },
        agents: [agentView()],
      });
      await view.page.getByText('No changes', { exact: true }).waitFor();
    },
  );
});

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

  /** A thread in this state, with these words of its last run. */
  const ended = (status: string, filesChanged: number): readonly ToThreadPage[] => {
    const latestRun = { status, agent: 'dev', activity: '', queuedAt: 1 };
    const counts = { filesChanged, additions: filesChanged, deletions: 0 };
    const thread = threadView({ status: 'ready', latestRun, ...counts });
    return [...finishedThread(), { type: 'thread', thread, agents: [agentView()] }];
  };

  test('an attempt says which of how many it is, and is compared and kept from its menu, which says how its ends differ', async () => {
    const thread = threadView({ attempt: { place: 1, of: 2 } });
    await withPage([...finishedThread(), { type: 'thread', thread, agents: [agentView()] }], async view => {
      const { page } = view;
      await page.locator('.header-facts').getByText('attempt 1 of 2').waitFor();
      const more = page.getByRole('button', { name: 'More actions' });
      await more.click();
      await view.screenshot('thread-attempt');
      expect(
        await page.getByRole('menuitem', { name: 'Close without merging', exact: true }).getAttribute('title'),
      ).toContain('stay');
      expect(await page.getByRole('menuitem', { name: 'Abandon…' }).getAttribute('title')).toContain(
        'removes worktree',
      );
      await page.getByRole('menuitem', { name: 'Compare attempts' }).click();
      await more.click();
      await page.getByRole('menuitem', { name: 'Keep this attempt…' }).click();
      const actions = (await view.posted()).flatMap(message => (message.type === 'act' ? [message.action] : []));
      expect(actions).toEqual(['compareAttempts', 'keepAttempt']);
    });
  });

  test('what was stopped has no green icon, and with its worktree removed it is closed, as its row says, and can be restored', async () => {
    const color = ({ page }: ThreadPage) =>
      page.locator('.page-header .state-icon').evaluate(element => getComputedStyle(element).color);
    const colors: string[] = [];
    await withPage(ended('succeeded', 1), async view => void colors.push(await color(view)));
    await withPage(ended('cancelled', 1), async view => {
      await view.page.getByText('Stopped before it was done').first().waitFor();
      colors.push(await color(view));
    });
    expect(new Set(colors).size).toBe(2);
    const latestRun = { status: 'cancelled', agent: 'dev', activity: '', queuedAt: 1 };
    const removed = { hasWorktree: false, restorable: true, filesChanged: 0 };
    const thread = threadView({ status: 'closed', latestRun, ...removed });
    await withPage([...finishedThread(), { type: 'thread', thread, agents: [agentView()] }], async ({ page }) => {
      await page.locator('.page-header').getByText('Closed · stopped before it was done').waitFor();
      await page.getByRole('button', { name: 'Restore' }).waitFor();
      expect(await page.getByRole('button', { name: 'Try again' }).count()).toBe(0);
    });
  });

  test('what changed nothing is closed with one click, and nothing offers to merge it', async () => {
    await withPage(ended('succeeded', 0), async ({ page, posted, screenshot }) => {
      await settle(page);
      for (const name of ['Merge', 'Review changes', 'Merge options'])
        expect(await page.getByRole('button', { name, exact: true }).count()).toBe(0);
      await screenshot('thread-no-changes');
      await expect
        .poll(async () => {
          await page.locator('[data-id=close]').click();
          return await posted();
        })
        .toContainEqual({ type: 'act', action: 'close' });
    });
  });

  test('what was stopped half way says so, and going on comes before merging', async () => {
    await withPage(ended('cancelled', 1), async ({ page, screenshot }) => {
      await page.getByText('Stopped before it was done').first().waitFor();
      const retry = page.getByRole('button', { name: 'Try again', exact: true });
      await retry.waitFor();
      await screenshot('thread-stopped');
      // The one that stands out is not the one that lands half of the work.
      const isPrimary = (id: string) => page.locator(`[data-id=${id}]`).evaluate(each => each.className);
      expect(await isPrimary('merge')).not.toMatch(/primary/);
    });
  });

  test('an agent that was told to stop is said to be stopping until it has', async () => {
    const [, working] = workingThread(1);
    if (working?.type !== 'thread' || !working.thread.latestRun) throw new Error('no thread is at work');
    const stopping = { ...working.thread, latestRun: { ...working.thread.latestRun, stopping: true } };
    const runs = [runView({ status: 'running', stopping: true, endedAt: undefined })];
    const conversation: ToThreadPage = { type: 'conversation', messages: [messageView()], runs, merges: [] };
    await withPage([...workingThread(1), { ...working, thread: stopping }, conversation], async ({ page }) => {
      await page.getByText('dev is stopping').waitFor();
      expect(await page.getByText('dev is working').count()).toBe(0);
    });
  });

  test('a reviewer that ended without a word is asked again, and the work can be reviewed and merged all the same', async () => {
    const needs =
      'reviewer ended without saying whether the work of dev is good. Review it yourself, or ask reviewer again.';
    const latestRun = {
      status: 'succeeded',
      agent: 'reviewer',
      activity: '',
      queuedAt: 1,
      startedAt: 1,
      endedAt: 1_901,
    };
    const thread = threadView({ status: 'needs_you', silentReviewer: true, provider: '', model: '', needs, latestRun });
    const own = runView({ provider: 'mine', model: '', startedAt: 1, endedAt: 2_001 });
    const review = runView({
      id: 'run000000002',
      agent: 'reviewer',
      provider: 'demo',
      model: '',
      startedAt: 1,
      endedAt: 1_901,
    });
    const conversation: ToThreadPage = {
      type: 'conversation',
      messages: [messageView()],
      runs: [own, review],
      merges: [],
    };
    await withPage([init(), { type: 'thread', thread, agents: [agentView()] }, conversation, caughtUp], async view => {
      const { page } = view;
      await page.getByRole('button', { name: 'Ask reviewer again' }).waitFor();
      await page.getByRole('button', { name: 'Review changes' }).waitFor();
      await page.getByRole('button', { name: 'Merge', exact: true }).waitFor();
      expect(await page.getByRole('button', { name: 'Try again' }).count()).toBe(0);
      // What stands beside the name of its agent is of that agent's run.
      const facts = await page.locator('.header-facts').innerText();
      expect(facts).toMatch(/dev\s+mine/);
      expect(facts).toContain('last run of dev: 2.0 s');
      expect(facts).not.toMatch(/demo|1\.9 s/);
    });
  });

  test('of a merge that came to nothing nothing is left when what kept it was seen to', async () => {
    const merge = { id: 'm', status: 'conflicted', target: 'main', commit: '', message: 'Resolve there.', files: [] };
    const conversation: ToThreadPage = { type: 'conversation', messages: [], runs: [runView()], merges: [merge] };
    const page = (thread: ThreadView): ToThreadPage => ({ type: 'thread', thread, agents: [agentView()] });
    const latestMerge = { status: 'conflicted', reason: '', target: 'main' };
    const stuck = page(threadView({ status: 'needs_you', needs: 'Not merged.', latestMerge }));
    await withPage([init(), stuck, conversation, caughtUp], async view => {
      const said = view.page.getByText('Resolve there.');
      await said.waitFor();
      await view.send(page(threadView({ status: 'ready' })));
      await said.waitFor({ state: 'detached' });
    });
  });

  test('a conflict is told once, with all its ways out below it where they do not fit beside it', async () => {
    const message = 'The thread and main changed the same places in a.ts, b.ts. Bring main into the thread’s branch.';
    const merge = { id: 'm', status: 'conflicted', target: 'main', commit: '', message, files: ['a.ts'] };
    const conversation: ToThreadPage = { type: 'conversation', messages: [], runs: [runView()], merges: [merge] };
    const latestMerge = { status: 'conflicted', reason: '', target: 'main' };
    const needs = `Not merged at the last try: ${message}`;
    const stuck = threadView({ status: 'needs_you', needs, latestMerge });
    await withPage(
      [init(), { type: 'thread', thread: stuck, agents: [agentView()] }, conversation, caughtUp],
      async ({ page }) => {
        await page.setViewportSize({ width: 900, height: 800 });
        await page.getByText('Conflicts with main').waitFor();
        expect(await page.getByText('changed the same places').count()).toBe(1);
        const text = await page.locator('.notice-text').boundingBox();
        expect(text?.width).toBeGreaterThan(600);
        const tops = await page
          .locator('.notice button, .notice vscode-button')
          .evaluateAll(all => [...new Set(all.map(each => Math.round(each.getBoundingClientRect().top)))]);
        expect(tops).toHaveLength(1);
        expect(tops[0]).toBeGreaterThanOrEqual((text?.y ?? 0) + (text?.height ?? 0));
      },
    );
  });

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

  test('why it needs a person is said once, with what helps, and the end of the run is still there', async () => {
    const needs = 'The model provider refused the request: rate limited.';
    const latestRun = { status: 'failed', agent: 'dev', activity: '', queuedAt: 1 };
    const thread = threadView({ status: 'needs_you', needs, latestRun });
    const runs = [runView({ status: 'failed', error: needs })];
    const conversation: ToThreadPage = { type: 'conversation', messages: [messageView()], runs, merges: [] };
    await withPage([init(), { type: 'thread', thread, agents: [agentView()] }, conversation, caughtUp], async view => {
      await view.page.getByRole('button', { name: 'Try again' }).waitFor();
      await view.page.locator('.run-end').waitFor();
      expect(await view.page.getByText(needs).count()).toBe(1);
    });
  });

  test('a file says when it may be executed now, also where no line has changed', async () => {
    const of = (path: string, additions: number) => ({
      path,
      oldPath: '',
      status: 'modified',
      binary: false,
      additions,
    });
    const files: ToThreadPage = {
      type: 'files',
      uncommitted: 0,
      files: [
        { ...of('run.sh', 0), deletions: 0, mode: 'executable' },
        { ...of('old.sh', 3), deletions: 1, mode: 'notExecutable' },
      ],
    };
    await withPage([...finishedThread(), files], async ({ page, screenshot }) => {
      const line = (name: string) => page.locator('.file-line', { hasText: name });
      await line('run.sh').waitFor();
      expect((await line('run.sh').textContent())?.replace(/\s+/g, ' ').trim()).toBe('run.sh now executable M');
      expect(await line('old.sh').textContent()).toMatch(/no longer executable \+3 −1/);
      await screenshot('thread-modes');
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

test('the follow-up of an agent that is gone is sent to nobody before somebody is chosen', async () => {
  await withPage(finishedThread(), async view => {
    await view.send({ type: 'thread', thread: threadView(), agents: [agentView({ name: 'helper2' })] });
    const gone = view.page.getByRole('textbox', { name: 'dev is no longer in the compose file. Choose who goes on.' });
    await gone.fill('Go on');
    await gone.press('Control+Enter');
    const send = view.page.getByRole('button', { name: 'Send' });
    expect(await send.isDisabled()).toBe(true);
    expect(await view.page.getByLabel('Agent').locator('option:checked').innerText()).toBe('Choose an agent');
    await view.page.getByLabel('Agent').selectOption('helper2');
    await view.page.getByRole('textbox', { name: 'Follow up with helper2' }).waitFor();
    await send.click();
    expect(await view.waitForPosted('followUp')).toMatchObject({ text: 'Go on', agent: 'helper2' });
    expect((await view.posted()).filter(({ type }) => type === 'followUp')).toHaveLength(1);
  });
});

test('the commit of a merge is copied by a click on it, and from the menu', async () => {
  const commit = 'bd8e115f'.padEnd(40, '0');
  const merge = { id: 'm', status: 'merged', target: 'main', commit, message: '', files: [] };
  const latestMerge = { status: 'merged', reason: '', target: 'main', commit };
  await withPage(finishedThread(), async view => {
    await view.send(
      { type: 'thread', thread: threadView({ status: 'merged', latestMerge }), agents: [agentView()] },
      { type: 'conversation', messages: [messageView()], runs: [runView()], merges: [merge] },
    );
    const hash = view.page.getByRole('button', { name: 'bd8e115f' });
    expect(await hash.getAttribute('title')).toBe(`Copy commit of merge: ${commit}`);
    await hash.click();
    expect(await view.waitForPosted('act')).toMatchObject({ action: 'copyCommit' });
    await view.page.getByRole('button', { name: 'More actions' }).click();
    await view.page.getByText('Copy commit of merge', { exact: true }).waitFor();
  });
});
