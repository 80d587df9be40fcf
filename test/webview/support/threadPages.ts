import type { FromThreadPage, ToThreadPage } from '../../../src/protocol/webview/threadPageMessages.js';
import type { TranscriptEntry } from '../../../src/protocol/webview/transcriptView.js';
import { agentView, init, messageView, runView, threadView } from './threadFixtures.js';
import type { OpenWebview } from './openWebview.js';
import { webviews } from './webviews.js';

export type ThreadPage = OpenWebview<ToThreadPage, FromThreadPage>;

/** Opens thread pages, as {@link webviews}. */
export const threadPages = () => webviews<ToThreadPage, FromThreadPage>('threadPage');

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
