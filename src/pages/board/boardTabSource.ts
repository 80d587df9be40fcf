import type { FilledTab, TabAction, TabContent } from '../../protocol/webview/boardTabs/boardTab.js';

/** One tab's side in the extension: `tabs/<name>Tab.ts` makes it, `boardTabSources.ts` lists it. */
export interface BoardTabSource {
  /** Everything that the tab shows. It is asked for when the tab comes to the front, and after every change while it is there. */
  read(signal: AbortSignal): Promise<TabContent>;
  /** Does what a person chose on it; one of another tab does nothing. */
  act(action: TabAction, signal: AbortSignal): Promise<void>;
}

export type BoardTabSources = Readonly<Record<FilledTab, BoardTabSource>>;
