import * as z from 'zod/mini';
import { agentViewSchema, messageViewSchema, runViewSchema, threadViewSchema } from './threadView.js';
import { transcriptEntrySchema } from './transcriptView.js';

/**
 * What a thread page keeps with `setState`: VS Code hands it back when the page is shown again and after a reload of the
 * window, so that something is painted before the host answers.
 */
export const threadPageStateSchema = z.object({
  threadId: z.string(),
  draft: z.optional(z.string()),
  /** Agent chosen for the follow-up. */
  agent: z.optional(z.string()),
  sideHidden: z.optional(z.boolean()),
  /** The last known state, with the end of the transcripts. */
  cached: z.optional(
    z.object({
      thread: threadViewSchema,
      agents: z.array(agentViewSchema),
      messages: z.array(messageViewSchema),
      runs: z.array(runViewSchema),
      transcripts: z.record(z.string(), z.array(transcriptEntrySchema)),
    }),
  ),
});
export type ThreadPageState = z.infer<typeof threadPageStateSchema>;
