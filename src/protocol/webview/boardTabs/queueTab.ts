import * as z from 'zod/mini';
import { count, shortText, time } from '../viewFields.js';

/** A merge that waits or is at work. */
const queuedMergeSchema = z.object({
  id: shortText,
  threadId: shortText,
  summary: shortText,
  agent: shortText,
  /** Name of the repository's folder. */
  repository: shortText,
  target: shortText,
  strategy: shortText,
  status: shortText,
  /** What it is doing, as one sentence; empty: nothing to say. */
  message: shortText,
  /** 1-based, among those of the same repository and target. */
  position: count,
  priority: z.int(),
  /** How many commands must succeed on the result. */
  checks: count,
  createdAt: time,
  /** The one that has its turn before this, and the one after it, where it may change places with them. */
  earlier: z.optional(shortText),
  later: z.optional(shortText),
});
export type QueuedMergeView = z.infer<typeof queuedMergeSchema>;

/** A merge that ended lately, the last of its thread. */
const endedMergeSchema = z.object({
  threadId: shortText,
  summary: shortText,
  target: shortText,
  status: shortText,
  message: shortText,
  files: z.array(shortText),
  endedAt: time,
});
export type EndedMergeView = z.infer<typeof endedMergeSchema>;

/** The merge queue, in the order of its turns. */
export const queueTabSchema = z.object({
  tab: z.literal('queue'),
  queue: z.array(queuedMergeSchema),
  /** The latest first. */
  ended: z.array(endedMergeSchema),
});
export type QueueTab = z.infer<typeof queueTabSchema>;

const mergeId = z.string().check(z.minLength(1), z.maxLength(200));

/** What a person does with a merge that waits. */
export const queueActionSchema = z.object({
  tab: z.literal('queue'),
  action: z.union([
    z.object({ kind: z.literal('cancel'), mergeId }),
    z.object({ kind: z.literal('move'), mergeId, before: mergeId }),
  ]),
});
