import * as z from 'zod/mini';
import { agentActionSchema, agentsTabSchema } from './agentsTab.js';
import { batchActionSchema, batchesTabSchema } from './batchesTab.js';
import { chainsTabSchema } from './chainsTab.js';
import { queueActionSchema, queueTabSchema } from './queueTab.js';
import { scheduleActionSchema, schedulesTabSchema } from './schedulesTab.js';
import { timelineTabSchema } from './timelineTab.js';

/** The tabs of the board in their order. */
export const boardTabs = ['board', 'timeline', 'chains', 'agents', 'queue', 'batches', 'schedules'] as const;
export type BoardTab = (typeof boardTabs)[number];

/** Those with content of their own; the first lives of the threads that the board has anyway. */
export type FilledTab = TabContent['tab'];

/** What a tab shows, whole: it replaces what was there. */
export const tabContentSchema = z.discriminatedUnion('tab', [
  timelineTabSchema,
  chainsTabSchema,
  agentsTabSchema,
  queueTabSchema,
  batchesTabSchema,
  schedulesTabSchema,
]);
export type TabContent = z.infer<typeof tabContentSchema>;

/** What a person does on a tab, beyond what the buttons of a thread do. */
export const tabActionSchema = z.discriminatedUnion('tab', [
  agentActionSchema,
  queueActionSchema,
  batchActionSchema,
  scheduleActionSchema,
]);
export type TabAction = z.infer<typeof tabActionSchema>;

/** Narrows a tab to one with content of its own. */
export function isFilledTab(tab: BoardTab): tab is FilledTab {
  return tab !== 'board';
}
