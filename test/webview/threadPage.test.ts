import { describe, expect, test } from 'vitest';
import type { ToThreadPage } from '../../src/protocol/webview/threadPageMessages.js';
import type { TranscriptEntry } from '../../src/protocol/webview/transcriptView.js';
import { settle } from './support/openWebview.js';
import { finishedThread, messageView, runView, threadView, agentView } from './support/threadFixtures.js';
import { runId, says, threadPages, workingThread, type ThreadPage } from './support/threadPages.js';

const withPage = threadPages();

test('what an agent is asked is shown as it is, only answers are Markdown', async () => {
  const asked = {
    ...messageView(),
    id: 'handoff00001',
    from: 'dev',
    to: 'reviewer',
    intent: 'handoff',
    body: '**not bold**',
  };
  const [first, ...rest] = finishedThread();
  const conversation = { type: 'conversation' as const, messages: [messageView(), asked], runs: [], merges: [] };
  await withPage([...(first ? [first] : []), ...rest, conversation], async view => {
    await view.page.getByText('**not bold**').waitFor();
  });
});

const scrollTo = (view: ThreadPage, top: number): Promise<void> =>
  view.page.locator('.virtual-viewport').evaluate((element, to) => void (element.scrollTop = to), top);

/** Distance of an element's top from the list's top. */
const topOf = (view: ThreadPage, text: string): Promise<number> =>
  view.page.getByText(text, { exact: true }).evaluate(element => Math.round(element.getBoundingClientRect().top));

describe('a window at 200 %', () => {
  test.each([
    [440, 340],
    [300, 420],
  ])('leaves the conversation its room and the box in view: %i × %i', async (width, height) => {
    await withPage(workingThread(40), async view => {
      const { page } = view;
      await page.setViewportSize({ width, height });
      await settle(page);
      const list = await page.locator('.virtual-viewport').boundingBox();
      expect(list?.height).toBeGreaterThanOrEqual(170);
      const box = await page.locator('.follow-up').boundingBox();
      expect((box?.y ?? 0) + (box?.height ?? 0)).toBeLessThanOrEqual(height + 1);
      const text = await page.locator('.turn-body').last().boundingBox();
      expect(text?.width).toBeGreaterThanOrEqual(220);
      await view.page.screenshot({ path: `out/screenshots/zoom-${width}.png` });
    });
  });
});

test.each([640, 420, 352])('beside a side bar no word of the header breaks, and no button is cut: %i', async width => {
  const stopped: ToThreadPage = {
    type: 'thread',
    thread: threadView({
      status: 'ready',
      filesChanged: 8,
      latestRun: { status: 'cancelled', agent: 'dev', activity: '', queuedAt: 0 },
    }),
    agents: [agentView()],
  };
  await withPage([...workingThread(2), stopped], async view => {
    const { page } = view;
    await page.setViewportSize({ width, height: 900 });
    await page.getByRole('button', { name: 'Try again' }).waitFor();
    await settle(page);
    const right = await page
      .locator('.header-actions button')
      .evaluateAll(buttons => Math.max(...buttons.map(button => button.getBoundingClientRect().right)));
    expect(right).toBeLessThanOrEqual(width);
    // Where a word breaks it has more than one box.
    const pieces = await page.locator('.fact-branch').evaluate(element => {
      const text = [...element.childNodes].find(node => node.nodeType === 3 && node.textContent?.includes('from'));
      const range = document.createRange();
      if (text === undefined) return 0;
      const at = text.textContent?.indexOf('from') ?? 0;
      range.setStart(text, at);
      range.setEnd(text, at + 4);
      return range.getClientRects().length;
    });
    expect(pieces).toBe(1);
  });
});

describe('finding in the whole conversation', () => {
  const found = (view: ThreadPage): Promise<string> =>
    view.page.evaluate(() => {
      const [range] = CSS.highlights.get('muster-find-current') ?? [];
      return range instanceof Range ? range.toString() : '';
    });
  const box = (view: ThreadPage) => view.page.getByRole('textbox', { name: 'Find in conversation' });

  test('rows that are not drawn are found, stepped through and brought into view', async () => {
    await withPage(workingThread(6_000), async view => {
      const { page } = view;
      await page.keyboard.press('Control+f');
      await box(view).fill('line 499');
      await page.getByText('11 of 11').waitFor();
      await page.getByText('Line 4999', { exact: true }).waitFor();
      expect(await found(view)).toBe('Line 499');
      for (let i = 0; i < 10; i++) await page.keyboard.press('Shift+Enter');
      await page.getByText('1 of 11').waitFor();
      await page.getByText('Line 499', { exact: true }).waitFor();
      const row = await page.getByText('Line 499', { exact: true }).boundingBox();
      const list = await page.locator('.virtual-viewport').boundingBox();
      expect(row?.y).toBeGreaterThan(list?.y ?? 0);
      expect(row?.y).toBeLessThan((list?.y ?? 0) + (list?.height ?? 0));
      await box(view).fill('not there');
      await page.getByText('No results').waitFor();
      await page.keyboard.press('Escape');
      expect(await box(view).count()).toBe(0);
      expect(await found(view)).toBe('');
    });
  });

  test('a text over several elements is one place; the agent that says more moves nothing', async () => {
    await withPage([...workingThread(31), says('It is **almost** done.')], async view => {
      await view.send({ type: 'find' });
      await box(view).fill('Line 3');
      await view.page.getByText('2 of 2').waitFor();
      await view.page.keyboard.press('Shift+Enter');
      await view.page.getByText('1 of 2').waitFor();
      await view.send(says('Line 31'));
      await view.page.getByText('1 of 3').waitFor();
      await box(view).fill('almost');
      await view.page.getByText('1 of 1').waitFor();
      expect(await found(view)).toBe('almost');
      expect(await view.accessibilityProblems()).toEqual([]);
      await view.screenshot('thread-find-dark');
    });
  });
});

test('says what to know of the worktree, and the words have room beside buttons', async () => {
  const note = 'reviewer may only read here, and changed files.';
  const needs =
    'reviewer ended without saying whether the work of dev is good. Review it yourself, or ask reviewer again.';
  const needy: ToThreadPage = {
    type: 'thread',
    thread: threadView({ status: 'needs_you', needs, notes: [note] }),
    agents: [agentView()],
  };
  await withPage([...workingThread(2), needy], async view => {
    const { page } = view;
    await page.getByText(note).waitFor();
    await page.setViewportSize({ width: 240, height: 420 });
    await settle(page);
    const text = await page.locator('.notice-text').boundingBox();
    expect(text?.width).toBeGreaterThanOrEqual(130);
  });
});

describe('following a conversation', () => {
  test('it goes along at the end, and stays where a person reads', async () => {
    await withPage(workingThread(300), async view => {
      const { page } = view;
      await page.getByText('Line 299', { exact: true }).waitFor();
      await view.send(says('Line 300'));
      expect(await page.getByText('Line 300', { exact: true }).isVisible()).toBe(true);

      await scrollTo(view, 2_000);
      await settle(page);
      const shown = await page.locator('.virtual-row .prose').nth(30).innerText();
      const before = await topOf(view, shown);
      await view.send(says('Line 301', 'Line 302'));
      expect(await topOf(view, shown)).toBe(before);

      const jump = page.getByRole('button', { name: /Jump to latest · 2 new/ });
      await jump.click();
      await page.getByText('Line 302', { exact: true }).waitFor();
      expect(await jump.count()).toBe(0);
    });
  });

  test('lines are lines while they come, and the answer is there once after the end', async () => {
    const lines = (text: string): ToThreadPage => ({
      type: 'transcript',
      runId,
      entries: [{ kind: 'text', text, delta: true, plain: true }],
    });
    await withPage([...workingThread(0).slice(0, 3), { type: 'caughtUp' }], async view => {
      await view.send(lines('# not a heading\n'), lines('  indented\n\n'), lines('\u001b[31m*red*\u001b[0m\n'));
      const shown = view.page.locator('.plain-lines');
      const expected = '# not a heading\n  indented\n\n*red*';
      expect(await shown.allInnerTexts()).toEqual([expected]);
      expect(await shown.locator('.ansi-red').innerText()).toBe('*red*');
      await view.send({
        type: 'conversation',
        messages: [
          messageView(),
          messageView({ id: 'message00002', from: 'dev', to: 'you', intent: 'response', body: '*red*', runId }),
        ],
        runs: [runView()],
        merges: [],
      });
      await view.page.getByText('succeeded').first().waitFor();
      expect(await shown.allInnerTexts()).toEqual([expected]);
      expect(await view.page.getByText('*red*').count()).toBe(1);
    });
  });

  test('where a person reads and what is unfolded outlive the document', async () => {
    const call: TranscriptEntry = {
      ...{ kind: 'tool_call', callId: 'c1', tool: 'Bash', category: 'command' },
      ...{ title: 'make the thing', input: 'inside', path: '' },
    };
    const messages: readonly ToThreadPage[] = [
      ...workingThread(150).slice(0, -1),
      { type: 'transcript', runId, entries: [call] },
      says(...Array.from({ length: 300 }, (_, i) => `Line ${150 + i}`)),
      { type: 'caughtUp' },
    ];
    await withPage(messages, async view => {
      const { page } = view;
      await page.keyboard.press('Control+f');
      await page.getByRole('textbox', { name: 'Find in conversation' }).fill('make the thing');
      await page.getByRole('button', { name: 'make the thing', expanded: true }).waitFor();
      await page.keyboard.press('Escape');
      const before = await topOf(view, 'make the thing');
      await page.waitForFunction(() => sessionStorage.getItem('state')?.includes('"place"'));
      await page.reload();
      // From the cache, before anybody says anything: the row, at its place.
      await page.getByText('inside').waitFor();
      // A scroll position is whole pixels, a row's place need not be.
      const moved = async (): Promise<number> => Math.abs((await topOf(view, 'make the thing')) - before);
      expect(await moved()).toBeLessThanOrEqual(1);
      await view.send(...messages);
      expect(await moved()).toBeLessThanOrEqual(1);
      expect(await page.getByText('inside').isVisible()).toBe(true);
    });
  });

  test('unfolding a tool call leaves its line where it is, also in the middle of a long list', async () => {
    const entries = Array.from({ length: 400 }, (_, i): TranscriptEntry => ({
      kind: 'tool_call',
      callId: `c${i}`,
      tool: 'Bash',
      category: 'command',
      title: `make target${i}`,
      input: 'one\ntwo\nthree',
      path: '',
    }));
    await withPage(
      [...finishedThread().slice(0, 4), { type: 'transcript', runId, entries }, { type: 'caughtUp' }],
      async view => {
        await scrollTo(view, 4_000);
        await settle(view.page);
        const line = view.page.getByRole('button', { expanded: false }).nth(30);
        const before = await line.boundingBox();
        const title = await line.innerText();
        await line.click();
        await settle(view.page);
        const after = await view.page.getByRole('button', { name: title.trim(), expanded: true }).boundingBox();
        expect(Math.round(after?.y ?? 0)).toBe(Math.round(before?.y ?? -1));
        expect(await view.page.getByText('three').isVisible()).toBe(true);
      },
    );
  });

  test('a screen reader hears what the agent says and how the run ends, but not the past', async () => {
    await withPage(workingThread(3), async view => {
      const region = view.page.locator('[aria-live="polite"]');
      expect(await region.innerText()).toBe('');
      await view.send(says('The tests pass now.'));
      expect(await region.innerText()).toBe('dev says: The tests pass now.');
      await view.send({ type: 'conversation', messages: [messageView()], runs: [runView()], merges: [] });
      expect(await region.innerText()).toBe('dev: succeeded');
    });
  });

  test('the time of a running agent goes on without a message', async () => {
    await withPage(workingThread(1), async view => {
      const time = view.page.locator('.activity .dim');
      const before = await time.innerText();
      await view.page.waitForFunction(
        text => document.querySelector('.activity .dim')?.textContent?.trim() !== text,
        before,
      );
    });
  });
});

describe('following up', () => {
  const box = (view: ThreadPage) => view.page.getByRole('textbox', { name: 'Follow up with dev' });

  test('Ctrl+Enter sends to the chosen agent; the box is empty when it has arrived', async () => {
    await withPage(finishedThread(), async view => {
      await box(view).fill('Now the docs.\nKeep them short.');
      await view.page.getByLabel('Agent').selectOption('reviewer');
      await view.page.getByRole('textbox', { name: 'Follow up with reviewer' }).press('Control+Enter');
      const sent = await view.waitForPosted('followUp');
      if (sent.type !== 'followUp') throw new Error('another message');
      expect(sent).toMatchObject({ text: 'Now the docs.\nKeep them short.', agent: 'reviewer' });
      await view.send({ type: 'followUpDone', key: sent.key });
      expect(await view.page.getByRole('textbox').inputValue()).toBe('');
    });
  });

  test('after an error the text stays, and sending it again is the same follow-up', async () => {
    await withPage(finishedThread(), async view => {
      await box(view).fill('Once more');
      await view.page.getByRole('button', { name: 'Send' }).click();
      const first = await view.waitForPosted('followUp');
      if (first.type !== 'followUp') throw new Error('another message');
      await view.send({ type: 'followUpDone', key: first.key, error: 'The queue is full.' });
      expect(await view.page.getByRole('alert').innerText()).toContain('The queue is full.');
      expect(await box(view).inputValue()).toBe('Once more');
      await view.page.getByRole('button', { name: 'Send' }).click();
      const sent = (await view.posted()).filter(message => message.type === 'followUp');
      expect(sent.map(message => message.key)).toEqual([first.key, first.key]);
    });
  });

  test('an unsent text outlives the document, and the cached conversation is painted at once', async () => {
    await withPage(finishedThread(), async view => {
      const { page } = view;
      await box(view).fill('half a thought');
      await page.waitForFunction(() => sessionStorage.getItem('state')?.includes('half a thought'));
      await page.reload();
      expect(await box(view).inputValue()).toBe('half a thought');
      expect(await page.getByRole('heading', { level: 1 }).innerText()).toBe(
        'Upgrade zod to v4 and fix the call sites',
      );
      await page.getByText('I fix the expectation.').waitFor();
      // What arrives again takes the place of the cached rows, all at once.
      await view.send(...finishedThread());
      expect(await page.getByText('I fix the expectation.').count()).toBe(1);
    });
  });
});

describe('what an agent wrote is only text', () => {
  test('scripts, handlers, images, forms and styles of a message never reach the page', async () => {
    const hostile = [
      '<img src="https://example.com/track.png" onerror="window.hacked = 1">',
      '![pixel](https://example.com/pixel.png)',
      '<script>window.hacked = 1</script><style>body { display: none }</style>',
      '<a href="javascript:window.hacked = 1">click</a> [also](javascript:window.hacked=1)',
      '<form action="https://example.com"><input name="x"><button>go</button></form>',
      '<svg onload="window.hacked = 1"></svg><iframe src="https://example.com"></iframe>',
      '<div style="position: fixed; inset: 0" id="cover" data-path="/etc/passwd">cover</div>',
      '<a data-path="/etc/passwd" href="https://example.com">looks like a link</a>',
    ].join('\n\n');
    await withPage([...workingThread(0), says(hostile)], async view => {
      const { page } = view;
      await page.getByText('cover</div>').waitFor();
      await page.getByRole('link', { name: 'pixel' }).waitFor();
      expect(
        await page
          .locator('.prose :is(img, script, style, form, input, svg, iframe, [style], [onerror], #cover)')
          .count(),
      ).toBe(0);
      for (const link of await page.locator('.prose a').all()) {
        expect((await link.getAttribute('href')) ?? '').not.toMatch(/javascript/i);
      }
      expect(await page.locator('.prose [data-path]').count()).toBe(0);
      expect(await page.evaluate(() => 'hacked' in window)).toBe(false);
    });
  });

  test('links open through the extension: files at their line, addresses outside', async () => {
    const text = 'See `src/schema.ts:88`, [the form](src/form.ts#L12) and [the guide](https://zod.dev/v4).';
    await withPage([...workingThread(0), says(text)], async view => {
      const { page } = view;
      await page.getByRole('link', { name: 'src/schema.ts:88' }).click();
      await page.getByRole('link', { name: 'the form' }).click();
      await page.getByRole('link', { name: 'the guide' }).click();
      const opened = (await view.posted()).filter(message => message.type.startsWith('open'));
      expect(opened).toEqual([
        { type: 'openFile', path: 'src/schema.ts', line: 88 },
        { type: 'openFile', path: 'src/form.ts', line: 12 },
        { type: 'openLink', url: 'https://zod.dev/v4' },
      ]);
    });
  });

  test('a message of the wrong shape changes nothing', async () => {
    await withPage(finishedThread(), async view => {
      await view.send(
        { type: 'thread', thread: { summary: 'Spoofed' } } as unknown as ToThreadPage,
        'nonsense' as unknown as ToThreadPage,
      );
      expect(await view.page.getByRole('heading', { level: 1 }).innerText()).toBe(
        'Upgrade zod to v4 and fix the call sites',
      );
    });
  });
});
