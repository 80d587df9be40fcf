import type { Run } from '../runs/run.js';
import type { ModelStores } from './modelStore.js';

/** The run with what the host counted of it; one that calls models by itself keeps what its CLI said. */
export function metered(stores: ModelStores, run: Run): Run {
  if (!stores.modelAccess.of(run.id)) return run;
  const { calls, tokens, costUsd, unpriced } = stores.modelCalls.spent({ run: run.id });
  if (calls === 0) return run;
  const { costUsd: _said, ...rest } = run;
  return {
    ...rest,
    inputTokens: tokens.input,
    outputTokens: tokens.output,
    cacheReadTokens: tokens.cacheRead,
    cacheWriteTokens: tokens.cacheWrite,
    // Nobody knows what a call without a price cost; what the others did is still worth saying.
    ...(unpriced === calls ? {} : { costUsd }),
  };
}

/** The run as it ended: its sums are exact, and a budget that stopped it is the reason that people read. Its token is gone. */
export function endMetered(stores: ModelStores, run: Run): Run {
  const access = stores.modelAccess.of(run.id);
  if (!access) return run;
  stores.modelAccess.revoke(run.id);
  const counted = metered(stores, run);
  if (run.status !== 'failed' || access.overBudget === undefined) return counted;
  return { ...counted, error: { code: 'budget', message: access.overBudget } };
}
