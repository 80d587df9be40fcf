import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect } from 'vitest';
import type { FromThreadPage, ToThreadPage } from '../../../src/protocol/webview/threadPageMessages.js';
import type { TranscriptEntry } from '../../../src/protocol/webview/transcriptView.js';
import { agentView, init, messageView, runView, threadView } from './threadFixtures.js';
import { launchBrowser, openWebview, type OpenWebview } from './openWebview.js';
import { startWebviewServer, type WebviewServer } from './webviewServer.js';

export type ThreadPage = OpenWebview<ToThreadPage, FromThreadPage>;

/** Opens thread pages in a browser that lives as long as the file's tests; a page with problems fails its test. */
export function threadPages() {
  let server: WebviewServer;
  let browser: Browser;
  beforeAll(async () => {
    [server, browser] = await Promise.all([startWebviewServer(), launchBrowser()]);
  });
  afterAll(async () => {
    await browser?.close();
    await server?.dispose();
  });
  return async (
    messages: readonly ToThreadPage[],
    use: (view: ThreadPage) => Promise<void>,
    look: Partial<Pick<Parameters<typeof openWebview>[0], 'theme' | 'width' | 'height'>> = {},
  ): Promise<void> => {
    const view: ThreadPage = await openWebview({ browser, server, view: 'threadPage', ...look });
    try {
      await view.send(...messages);
      await use(view);
      expect(await view.problems()).toEqual([]);
    } finally {
      await view.close();
    }
  };
}

export const runId = 'run000000001';
/** What the run says, each text a line of its own. */
export const says = (...texts: readonly string[]): ToThreadPage => ({
  type: 'transcript',
  runId,
  entries: texts.map((text): TranscriptEntry => ({ kind: 'text', text })),
});

/** A thread whose agent is at work and has said so much already. */
export function workingThread(lines: number): readonly ToThreadPage[] {
  const now = Date.now();
  const run = { status: 'running', agent: 'dev', activity: '', queuedAt: now - 9_000, startedAt: now - 8_000 };
  return [
    init(),
    { type: 'thread', thread: threadView({ status: 'working', latestRun: run }), agents: [agentView()] },
    {
      type: 'conversation',
      messages: [messageView()],
      runs: [runView({ status: 'running', startedAt: now - 8_000, endedAt: undefined })],
      merges: [],
    },
    says(...Array.from({ length: lines }, (_, i) => `Line ${i}`)),
    { type: 'caughtUp' },
  ];
}
