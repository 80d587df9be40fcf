import type { TabAction } from '../../../src/protocol/webview/boardTabs/boardTab.js';
import type { TabChoices } from '../../../src/protocol/webview/boardViewState.js';
import type { ThreadAction } from '../../../src/protocol/webview/threadActions.js';
import type { WebviewStrings } from '../../../src/protocol/webview/webviewStrings.js';

/** What the view of a tab gets besides its content. */
export interface TabContext {
  readonly strings: WebviewStrings;
  /** What a person chose on tabs; it outlives the document. */
  readonly kept: TabChoices;
  readonly keep: (changes: TabChoices) => void;
  /** The buttons that every thread has. */
  readonly act: (action: ThreadAction, threadId: string) => void;
  /** What only this tab has. */
  readonly tabAct: (action: TabAction) => void;
}
