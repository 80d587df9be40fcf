import * as z from 'zod/mini';
import { count, shortText, time } from '../viewFields.js';
import { testsOutcomes } from '../testRunText.js';
import { threadStatusSchema } from '../threadView.js';

/** One thread of a batch. */
const batchThreadSchema = z.object({
  id: shortText,
  summary: shortText,
  agent: shortText,
  status: threadStatusSchema,
  /** Summaries of the threads that it waits for. */
  waitsFor: z.array(shortText),
  /** What attempts at the same task are told apart by. */
  model: z.optional(shortText),
  files: z.optional(count),
  additions: z.optional(count),
  deletions: z.optional(count),
  tests: z.optional(z.enum(testsOutcomes)),
  costUsd: z.optional(z.number().check(z.nonnegative())),
});

const batchSchema = z.object({
  name: shortText,
  projectName: shortText,
  /** In the order in which they were dispatched. */
  threads: z.array(batchThreadSchema),
  costUsd: z.optional(z.number().check(z.nonnegative())),
  tokens: z.optional(count),
  updatedAt: time,
});
export type BatchView = z.infer<typeof batchSchema>;

/** Batches, the latest change first. */
export const batchesTabSchema = z.object({ tab: z.literal('batches'), batches: z.array(batchSchema) });
export type BatchesTab = z.infer<typeof batchesTabSchema>;

/** What a person does with a batch. */
export const batchActionSchema = z.object({
  tab: z.literal('batches'),
  action: z.object({ kind: z.literal('abandon'), batch: z.string().check(z.minLength(1), z.maxLength(200)) }),
});
