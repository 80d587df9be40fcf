import { shortId } from '../../src/protocol/displayFormat.js';
import type { ThreadView } from '../../src/protocol/webview/threadView.js';
import { fill, type WebviewStrings } from '../../src/protocol/webview/webviewStrings.js';

/** Who has approved what the thread is now: the person, otherwise agents. Undefined: nobody. */
export function approvalText({ approved, approvedBy }: ThreadView, strings: WebviewStrings): string | undefined {
  if (approved !== undefined) return fill(strings.approvedAt, shortId(approved));
  return approvedBy && fill(strings.approvedByAt, approvedBy.agents, shortId(approvedBy.commit));
}
