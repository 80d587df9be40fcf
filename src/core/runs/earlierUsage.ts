import type { Usage } from '../agents/agentEvent.js';
import type { Run } from './run.js';

/**
 * What this run alone used, when its CLI counts a whole conversation: the sum that was stored for the conversation's
 * earlier runs is taken off. A count below that sum began anew and stays as it is.
 */
export function withoutEarlierRuns(usage: Usage, earlier: readonly Run[]): Usage {
  const own = (count: number | undefined, field: UsageField): number | undefined => {
    if (count === undefined) return undefined;
    const before = earlier.reduce((sum, run) => sum + (run[field] ?? 0), 0);
    return count >= before ? count - before : count;
  };
  const tokens = {
    inputTokens: own(usage.inputTokens, 'inputTokens'),
    outputTokens: own(usage.outputTokens, 'outputTokens'),
    cacheReadTokens: own(usage.cacheReadTokens, 'cacheReadTokens'),
    cacheWriteTokens: own(usage.cacheWriteTokens, 'cacheWriteTokens'),
  };
  switch (usage.wholeConversation) {
    case undefined:
      return usage;
    case 'cost':
      return { ...usage, costUsd: own(usage.costUsd, 'costUsd') };
    case 'tokens':
      return { ...usage, ...tokens };
    case 'both':
      return { ...usage, ...tokens, costUsd: own(usage.costUsd, 'costUsd') };
  }
}

type UsageField = 'inputTokens' | 'outputTokens' | 'cacheReadTokens' | 'cacheWriteTokens' | 'costUsd';
