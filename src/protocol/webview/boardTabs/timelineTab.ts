import * as z from 'zod/mini';
import { shortText, time } from '../viewFields.js';

const timelineRunSchema = z.object({
  id: shortText,
  threadId: shortText,
  summary: shortText,
  agent: shortText,
  projectName: shortText,
  status: shortText,
  queuedAt: time,
  startedAt: z.optional(time),
  endedAt: z.optional(time),
  costUsd: z.optional(z.number().check(z.nonnegative())),
});
export type TimelineRun = z.infer<typeof timelineRunSchema>;

/** Runs of all agents, the oldest first. */
export const timelineTabSchema = z.object({ tab: z.literal('timeline'), runs: z.array(timelineRunSchema) });
export type TimelineTab = z.infer<typeof timelineTabSchema>;
