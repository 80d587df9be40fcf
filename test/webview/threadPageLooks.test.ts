import { describe, expect, test } from 'vitest';
import type { ToThreadPage } from '../../src/protocol/webview/threadPageMessages.js';
import type { TranscriptEntry } from '../../src/protocol/webview/transcriptView.js';
import { settle, themes, type Theme } from './support/openWebview.js';
import {
  agentView,
  files,
  finishedThread,
  init,
  messageView,
  runView,
  threadView,
  transcript,
} from './support/threadFixtures.js';
import { threadPages, workingThread, type ThreadPage } from './support/threadPages.js';

const withPage = threadPages();

/** Shows messages in a theme; the page must break no rule of its policy and none of axe, and is kept as a picture. */
async function look(
  name: string,
  options: {
    readonly theme?: Theme;
    readonly width?: number;
    readonly messages: readonly ToThreadPage[];
    readonly prepare?: (view: ThreadPage) => Promise<void>;
  },
): Promise<void> {
  const { theme = 'dark', width, messages, prepare } = options;
  await withPage(
    messages,
    async view => {
      await prepare?.(view);
      await view.screenshot(`threadPage-${name}-${theme}`);
      expect(await view.accessibilityProblems()).toEqual([]);
    },
    { theme, ...(width !== undefined && { width }) },
  );
}

const unfoldAll = async ({ page }: ThreadPage): Promise<void> => {
  await page.getByRole('button', { name: 'src/schema.ts +3' }).click();
  await page.getByRole('button', { name: /npm test.*exit 1/ }).click();
  await page.locator('.virtual-viewport').evaluate(element => (element.scrollTop = 130));
};

describe('the thread page is readable', () => {
  test.each(themes)('ready for review, %s', async theme => {
    await look('ready', { theme, messages: finishedThread() });
  });

  test.each(themes)('a merge by hand that waits for its end, and what is closed, %s', async theme => {
    const latestMerge = { status: 'conflicted', reason: '', target: 'main' };
    const states = {
      halfMerged: {
        ...{ status: 'needs_you' as const, handMerge: 'main', latestMerge },
        needs: 'You are merging main into this thread by hand. Complete that merge, or give it up.',
      },
      closed: { status: 'closed' as const, reopenable: true },
      merged: { status: 'merged' as const, latestMerge: { status: 'merged', reason: '', target: 'main' } },
      conflicting: { status: 'ready' as const, conflicting: true },
    };
    for (const [name, state] of Object.entries(states)) {
      const messages: readonly ToThreadPage[] = [
        ...finishedThread(),
        { type: 'thread', thread: threadView(state), agents: [agentView()] },
      ];
      await look(name, { theme, messages });
    }
  });

  test.each(themes)('unfolded tool calls, %s', async theme => {
    await look('unfolded', { theme, messages: finishedThread(), prepare: unfoldAll });
  });

  test.each(themes)('code in its colours, a check list, %s', async theme => {
    const text = [
      'Two things are left:',
      '',
      '- [x] the schema',
      '- [ ] the importer',
      '',
      '```ts',
      '// Keeps what people typed.',
      'export async function price(item: Item, count = 12): Promise<string> {',
      '  const label = `${item.name} × ${count}`;',
      "  return format(label, { locale: 'de', cents: true });",
      '}',
      '```',
      '',
      '```yaml',
      'agents:',
      '  dev: {provider: claude, timeout: 30m} # half an hour',
      '```',
      '',
      '```diff',
      '-const a = 1;',
      '+const a = 2;',
      '```',
    ].join('\n');
    await look('code', {
      theme,
      messages: [
        init(),
        { type: 'thread', thread: threadView({}), agents: [agentView()] },
        { type: 'conversation', messages: [messageView()], runs: [runView({})], merges: [] },
        { type: 'transcript', runId: 'run000000001', entries: [{ kind: 'text', text }] },
        { type: 'caughtUp' },
      ],
      prepare: async ({ page }) => {
        await page.getByText('☑ the schema').waitFor();
        expect(await page.locator('.hljs-keyword').count()).toBeGreaterThan(3);
        await page.evaluate(() => {
          const writeText = async (copied: string): Promise<void> => void (document.body.dataset['copied'] = copied);
          Object.defineProperty(navigator, 'clipboard', { value: { writeText } });
        });
        await page.getByRole('button', { name: 'Copy code' }).nth(1).click();
        await page.locator('.copy-code.codicon-check').waitFor();
        expect(await page.evaluate(() => document.body.dataset['copied'])).toBe(
          'agents:\n  dev: {provider: claude, timeout: 30m} # half an hour',
        );
      },
    });
  });

  test.each(themes)('needs a person after a failed run, %s', async theme => {
    const error = 'The model provider refused the request: rate limited. Try again in 3 minutes.';
    const latestRun = { ...threadView().latestRun!, status: 'failed' };
    await look('failed', {
      theme,
      messages: [
        init(),
        {
          type: 'thread',
          thread: threadView({
            status: 'needs_you',
            needs: error,
            latestRun,
            filesChanged: 1,
            additions: 3,
            deletions: 0,
          }),
          agents: [agentView()],
        },
        {
          type: 'conversation',
          messages: [messageView()],
          runs: [runView({ status: 'failed', exitCode: 1, error })],
          merges: [],
        },
        {
          type: 'transcript',
          runId: 'run000000001',
          entries: [...transcript.slice(0, 4), { kind: 'error', message: error, reason: 'rate_limited' }],
        },
        { type: 'caughtUp' },
        { type: 'failed', what: 'action', message: 'The worktree /tmp/shop is locked by another process.' },
        { ...files, files: files.files.slice(0, 1) },
      ],
    });
  });

  test.each(themes)('working, second run by another agent, %s', async theme => {
    const now = Date.now();
    const second = runView({
      id: 'run000000002',
      messageId: 'message00003',
      agent: 'reviewer',
      provider: 'codex',
      model: 'gpt',
      status: 'running',
      startedAt: now - 42_000,
      endedAt: undefined,
      exitCode: undefined,
      costUsd: undefined,
      tokens: undefined,
    });
    await look('working', {
      theme,
      messages: [
        init(),
        {
          type: 'thread',
          thread: threadView({
            status: 'working',
            latestRun: {
              status: 'running',
              agent: 'reviewer',
              activity: 'Reading',
              queuedAt: now - 43_000,
              startedAt: now - 42_000,
            },
          }),
          agents: [agentView(), agentView({ name: 'reviewer' })],
        },
        {
          type: 'conversation',
          messages: [
            messageView(),
            messageView({
              id: 'message00003',
              to: 'reviewer',
              body: 'Please review this.',
              createdAt: now - 43_000,
              runId: 'run000000002',
            }),
          ],
          runs: [runView(), second],
          merges: [
            {
              id: 'merge0000001',
              status: 'conflicted',
              target: 'main',
              commit: '',
              message: 'main has changed the same lines.',
              files: ['src/schema.ts'],
            },
          ],
        },
        { type: 'transcript', runId: 'run000000001', entries: transcript.slice(-2) },
        {
          type: 'transcript',
          runId: 'run000000002',
          entries: [
            { kind: 'text', text: 'I read the changes.' },
            {
              kind: 'tool_call',
              callId: 'r',
              tool: 'exec_command',
              category: 'command',
              title: 'git diff main...HEAD',
              input: '',
              path: '',
            },
          ],
        },
        { type: 'caughtUp' },
        { ...files, uncommitted: 2 },
      ],
    });
  });

  test.each(themes)('loading, %s', async theme => {
    await look('loading', { theme, messages: [init(), { type: 'connection', state: 'connecting' }] });
  });

  test.each(themes)('offline without anything cached, %s', async theme => {
    await look('offline', { theme, messages: [init(), { type: 'connection', state: 'offline' }] });
  });

  test('offline with what was known', async () => {
    await look('offlineKnown', { messages: [...finishedThread(), { type: 'connection', state: 'offline' }] });
  });

  test.each(themes)('cannot be loaded, %s', async theme => {
    const message = 'There is no thread k3v9x2m4q7wz. It may have been removed; refresh the list of threads.';
    await look('error', { theme, messages: [init(), { type: 'failed', what: 'load', message }] });
  });

  test('queued, nothing said yet', async () => {
    const now = Date.now();
    const thread = threadView({
      status: 'queued',
      latestRun: { status: 'queued', agent: 'dev', activity: '', queuedAt: now, queuePosition: 3 },
      costUsd: undefined,
      tokens: undefined,
      filesChanged: undefined,
      additions: undefined,
      deletions: undefined,
    });
    await look('queued', {
      messages: [
        init(),
        { type: 'thread', thread, agents: [agentView()] },
        {
          type: 'conversation',
          messages: [messageView({ createdAt: now })],
          runs: [runView({ status: 'queued', queuedAt: now, startedAt: undefined, endedAt: undefined })],
          merges: [],
        },
        { type: 'caughtUp' },
        { type: 'files', files: [], uncommitted: 0 },
      ],
    });
  });

  test('in a narrow editor group', async () => {
    await look('narrow', { width: 420, messages: finishedThread() });
  });

  test('with the menu open', async () => {
    await look('menu', {
      messages: finishedThread(),
      prepare: async ({ page }) => page.getByRole('button', { name: 'More actions' }).click(),
    });
  });

  test('with ten thousand entries', async () => {
    const entries = Array.from({ length: 10_000 }, (_, i) => entryOf(i));
    await look('huge', {
      messages: [
        ...finishedThread().slice(0, 4),
        ...Array.from({ length: 20 }, (_, i): ToThreadPage => ({
          type: 'transcript',
          runId: 'run000000001',
          entries: entries.slice(i * 500, (i + 1) * 500),
        })),
        { type: 'caughtUp' },
        {
          type: 'files',
          uncommitted: 0,
          files: Array.from({ length: 1_000 }, (_, i) => ({ ...files.files[0]!, path: `src/generated/file${i}.ts` })),
        },
      ],
      prepare: async ({ page }) => {
        expect(await page.locator('.virtual-row').count()).toBeLessThan(120);
        await expect.poll(() => page.getByText('Entry 9999').isVisible()).toBe(true);
      },
    });
  });
});

function entryOf(i: number): TranscriptEntry {
  if (i % 3 === 0) return { kind: 'text', text: `Entry ${i}: ${'a sentence about the work. '.repeat(i % 7)}` };
  return {
    kind: 'tool_call',
    callId: `call${i}`,
    tool: 'Bash',
    category: 'command',
    title: `echo ${i}`,
    input: '',
    path: '',
  };
}

test('at 200 % neither its header nor what it needs takes the place of the conversation', async () => {
  const needs =
    'reviewer ended without saying whether the work of dev is good. Review it yourself, or ask reviewer again.';
  const thread = threadView({ status: 'needs_you', needs, filesChanged: 2, silentReviewer: true });
  await withPage([...workingThread(40), { type: 'thread', thread, agents: [agentView()] }], async view => {
    const { page } = view;
    await page.setViewportSize({ width: 363, height: 350 });
    await page.getByRole('button', { name: 'Ask reviewer again' }).waitFor();
    await settle(page);
    await page.screenshot({ path: 'out/screenshots/zoom-needs.png' });
    const top = (await page.locator('.virtual-viewport').boundingBox())?.y ?? Infinity;
    const box = (await page.locator('.follow-up').boundingBox())?.y ?? 0;
    expect(box - top).toBeGreaterThanOrEqual(130);
    // The branch is below, not gone.
    await page.locator('.fact-branch').scrollIntoViewIfNeeded();
    expect(await page.locator('.fact-branch').isVisible()).toBe(true);
  });
});
