import * as z from 'zod/mini';
import { boardTabs } from './boardTabs/boardTab.js';
import { threadViewSchema } from './threadView.js';

/** Hours that the timeline can show. */
export const timelineSpans = [1, 6, 24, 168] as const;
export type TimelineSpan = (typeof timelineSpans)[number];

/** What a person chose on tabs. */
const tabChoicesSchema = z.object({ timelineHours: z.optional(z.literal(timelineSpans)) });
export type TabChoices = z.infer<typeof tabChoicesSchema>;

/** What the board keeps with `setState`, so that something is painted before the host answers. */
export const boardViewStateSchema = z.object({
  threads: z.array(threadViewSchema),
  /** The tab in front. */
  tab: z.optional(z.enum(boardTabs)),
  choices: z.optional(tabChoicesSchema),
  filter: z.optional(z.object({ query: z.string(), agent: z.string() })),
  /** The card that had the focus last. */
  current: z.optional(z.string()),
});
export type BoardViewState = z.infer<typeof boardViewStateSchema>;
