import type { TemplateResult } from 'lit';
import type { TabContent } from '../../../src/protocol/webview/boardTabs/boardTab.js';
import { agentsTab } from './agentsTab.js';
import { batchesTab } from './batchesTab.js';
import { chainsTab } from './chainsTab.js';
import { queueTab } from './queueTab.js';
import { timelineTab } from './timelineTab.js';
import { schedulesTab } from './schedulesTab.js';
import type { TabContext } from './tabContext.js';

/** Draws a tab's content: one line for each tab. */
export function tabView(content: TabContent, context: TabContext): TemplateResult {
  switch (content.tab) {
    case 'timeline':
      return timelineTab(content, context);
    case 'chains':
      return chainsTab(content, context);
    case 'agents':
      return agentsTab(content, context);
    case 'queue':
      return queueTab(content, context);
    case 'batches':
      return batchesTab(content, context);
    case 'schedules':
      return schedulesTab(content, context);
  }
}
