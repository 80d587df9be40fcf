import * as z from 'zod/mini';
import { threadStatusSchema } from '../threadView.js';
import { count, shortText, time } from '../viewFields.js';

/** One message that made an agent work, with what came of it. */
const chainStepSchema = z.object({
  from: shortText,
  to: shortText,
  /** dispatch, handoff, changes-requested, take-over */
  intent: shortText,
  /** Of its run; absent while there is none. */
  status: z.optional(shortText),
  /** approve, request_changes, comment */
  verdict: z.optional(shortText),
  startedAt: z.optional(time),
  endedAt: z.optional(time),
  costUsd: z.optional(z.number().check(z.nonnegative())),
  tokens: z.optional(count),
});
export type ChainStepView = z.infer<typeof chainStepSchema>;

const chainSchema = z.object({
  threadId: shortText,
  summary: shortText,
  projectName: shortText,
  status: threadStatusSchema,
  /** going, handed, approved, commented, undecided, exhausted, off */
  state: shortText,
  /** Who approved what the thread is now, `you` first. */
  approvedBy: z.array(shortText),
  depth: count,
  /** Agents that have not said what they think of the present work. */
  waiting: z.array(shortText),
  /** Why it needs a person; empty otherwise. */
  note: shortText,
  steps: z.array(chainStepSchema),
  costUsd: z.optional(z.number().check(z.nonnegative())),
});
export type ChainView = z.infer<typeof chainSchema>;

/** Chains of hand-offs, the latest change first. */
export const chainsTabSchema = z.object({
  tab: z.literal('chains'),
  chains: z.array(chainSchema),
  /** How many older ones are not among them. */
  older: count,
  /** Other projects are here too, so that each chain names its own. */
  several: z.boolean(),
});
export type ChainsTab = z.infer<typeof chainsTabSchema>;
