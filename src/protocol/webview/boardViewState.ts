import * as z from 'zod/mini';
import { boardTabs } from './boardTabs/boardTab.js';
import { threadViewSchema } from './threadView.js';

/** What the board keeps with `setState`, so that something is painted before the host answers. */
export const boardViewStateSchema = z.object({
  threads: z.array(threadViewSchema),
  /** The tab in front. */
  tab: z.optional(z.enum(boardTabs)),
  /** The card that had the focus last. */
  current: z.optional(z.string()),
});
export type BoardViewState = z.infer<typeof boardViewStateSchema>;
