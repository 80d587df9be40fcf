import * as z from 'zod/mini';
import { agentViewSchema } from '../threadView.js';
import { count, shortText } from '../viewFields.js';

const amount = z.number().check(z.nonnegative());

/** What some runs used together; unknown amounts are absent. */
const usageViewSchema = z.object({
  runs: count,
  failed: count,
  costUsd: z.optional(amount),
  inputTokens: z.optional(count),
  outputTokens: z.optional(count),
  cacheReadTokens: z.optional(count),
  cacheWriteTokens: z.optional(count),
});
export type UsageView = z.infer<typeof usageViewSchema>;

const agentCardSchema = z.extend(agentViewSchema, {
  projectId: shortText,
  projectName: shortText,
  driver: shortText,
  permissions: shortText,
  /** closed, open, half_open: whether its provider is left alone after failures in a row. */
  circuit: shortText,
  failuresInARow: count,
  handoffTo: z.array(shortText),
  triggers: count,
  today: usageViewSchema,
  /** The days of {@link AgentsTab}. */
  lately: usageViewSchema,
});
export type AgentCard = z.infer<typeof agentCardSchema>;

const dayCostSchema = z.object({
  /** 2026-11-26 */
  day: shortText,
  /** By agent, as `project/agent` where the board shows several projects. */
  costs: z.array(z.object({ agent: shortText, costUsd: amount })),
});
export type DayCost = z.infer<typeof dayCostSchema>;

/** Agents with their health and what they cost. */
export const agentsTabSchema = z.object({
  tab: z.literal('agents'),
  agents: z.array(agentCardSchema),
  /** Every day of the last two weeks, oldest first, also those on which nothing was spent. */
  days: z.array(dayCostSchema),
});
export type AgentsTab = z.infer<typeof agentsTabSchema>;

/** What a person does with an agent. */
export const agentActionSchema = z.object({
  tab: z.literal('agents'),
  action: z.object({
    kind: z.enum(['dispatch', 'fix']),
    projectId: z.string().check(z.minLength(1), z.maxLength(200)),
    agent: z.string().check(z.minLength(1), z.maxLength(200)),
  }),
});
