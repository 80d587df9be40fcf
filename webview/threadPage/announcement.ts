import type { ToThreadPage } from '../../src/protocol/webview/threadPageMessages.js';
import { fill, type WebviewStrings } from '../../src/protocol/webview/webviewStrings.js';
import { runWord } from './conversationView.js';
import { isActive } from './conversationRows.js';
import type { PageState } from './pageState.js';

/** A few sentences; a screen reader cannot be skipped through. */
const maxSpoken = 240;

/** What a screen reader is told about a message of the extension: what an agent says, and how a run ends. */
export function announcementOf(message: ToThreadPage, before: PageState, strings: WebviewStrings): string | undefined {
  if (message.type === 'transcript') {
    // Pieces of a text would be spoken as stumps of sentences.
    const said = message.entries.findLast(
      entry => entry.kind === 'text' && (entry.delta !== true || entry.text.endsWith('\n')),
    );
    const agent = before.runs.find(run => run.id === message.runId)?.agent;
    if (said?.kind !== 'text' || agent === undefined) return undefined;
    const text = said.text.trim();
    return fill(strings.announceMessage, agent, text.length <= maxSpoken ? text : `${text.slice(0, maxSpoken)}…`);
  }
  if (message.type === 'conversation') {
    for (const run of message.runs) {
      const earlier = before.runs.find(each => each.id === run.id);
      if (earlier && isActive(earlier.status) && !isActive(run.status)) {
        return fill(strings.announceRunEnd, run.agent, runWord(run.status, strings));
      }
    }
  }
  return undefined;
}
