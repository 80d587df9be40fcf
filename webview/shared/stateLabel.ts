import { html, type TemplateResult } from 'lit';
import { formatOrdinal } from '../../src/protocol/displayFormat.js';
import { threadIcon } from '../../src/protocol/threadDisplay.js';
import { threadNeed } from '../../src/protocol/webview/threadNeeds.js';
import type { ThreadView } from '../../src/protocol/webview/threadView.js';
import { fill, type WebviewStrings } from '../../src/protocol/webview/webviewStrings.js';
import { icon } from './icon.js';

/** The word of a thread's state; `queued, 3rd` in the queue. */
export function stateWord(thread: ThreadView, strings: WebviewStrings): string {
  const place = thread.latestRun?.queuePosition;
  if (thread.status === 'queued' && place !== undefined) return fill(strings.queuedAs, formatOrdinal(place));
  if (thread.latestRun?.status === 'cancelled') {
    // The word that the tree has, too: a closed thread is no less closed for having been stopped.
    if (thread.status === 'closed') return strings['status.closedStopped'];
    if (threadNeed(thread) === 'stopped') return strings['status.stopped'];
  }
  if (thread.status === 'ready' && thread.filesChanged === 0) return strings['status.unchanged'];
  return strings[`status.${thread.status}`];
}

/** The icon of a thread's state. */
export function stateIcon(thread: ThreadView): TemplateResult {
  const name = threadIcon(thread.status, { latestRun: thread.latestRun?.status, conflicting: thread.conflicting });
  // Green is for what is done: what was stopped half way looks like what is closed, what cannot be merged as it is does not look ready.
  const look = { 'circle-slash': 'closed', 'warning': 'needs_you' }[name] ?? thread.status;
  return icon(name, `state-icon state-${look}`);
}

/** Icon and word: a state is never colour alone. */
export function stateLabel(thread: ThreadView, strings: WebviewStrings): TemplateResult {
  return html`<span class="state-label">${stateIcon(thread)}<span>${stateWord(thread, strings)}</span></span>`;
}
