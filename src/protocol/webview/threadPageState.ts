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
  /** Where a person reads: the row at the top edge and how far it is scrolled out; missing: at the end. */
  place: z.optional(z.object({ key: z.string(), delta: z.number() })),
  /** Rows that are unfolded. */
  expanded: z.optional(z.array(z.string())),
  showAllFiles: z.optional(z.boolean()),
  /** The last known state, with the end of the transcripts. */
  cached: z.optional(
    z.object({
      thread: threadViewSchema,
      agents: z.array(agentViewSchema),
      messages: z.array(messageViewSchema),
      runs: z.array(runViewSchema),
      transcripts: z.record(z.string(), z.array(transcriptEntrySchema)),
      /** So many entries of a run come before those that are kept. */
      skipped: z.optional(z.record(z.string(), z.int())),
    }),
  ),
});
export type ThreadPageState = z.infer<typeof threadPageStateSchema>;
