import type { TemplateResult } from 'lit';
import type { TabContent } from '../../../src/protocol/webview/boardTabs/boardTab.js';
import { batchesTab } from './batchesTab.js';
import { queueTab } from './queueTab.js';
import type { TabContext } from './tabContext.js';

/** Draws a tab's content: one line for each tab. */
export function tabView(content: TabContent, context: TabContext): TemplateResult {
  switch (content.tab) {
    case 'queue':
      return queueTab(content, context);
    case 'batches':
      return batchesTab(content, context);
  }
}
