import type { ThreadAction } from '../../src/protocol/webview/threadActions.js';
import type { WebviewStrings } from '../../src/protocol/webview/webviewStrings.js';

/** What stands over a button: its words, and behind those that end a thread what becomes of its worktree. */
export function actionHint(action: ThreadAction, strings: WebviewStrings): string {
  switch (action) {
    case 'close':
      return `${strings.close}\n${strings.closeHint}`;
    case 'abandon':
      return `${strings.abandon}\n${strings.abandonHint}`;
    default:
      return strings[action];
  }
}
