import type { AgentSpec } from '../../compose/projectSpec.js';
import type { Run } from './run.js';

/** However often it was tried, the next try comes within this time. */
const longestBackoffMs = 3_600_000;
/** A limit of the model provider is counted by the minute at least: short pauses only use it up. */
const rateLimitFactor = 4;

export interface RetryFacts {
  /** As it is after its end. */
  readonly run: Run;
  readonly agent: AgentSpec | undefined;
  /** Runs of the same message, this one included. */
  readonly attempts: readonly Run[];
}

/**
 * In how many milliseconds the message of a failed run is to be run again; undefined: not. By the kind of the failure:
 *
 * | kind | |
 * |---|---|
 * | the conversation is gone | at once, a new one; a second time it is an error |
 * | the model provider does not answer, the process was lost | `retries.backoff`, doubled with each try |
 * | a rate limit | four times as long |
 * | everything else (login, quota, model, budget, limits of time, the agent's own errors) | never: it would fail again |
 */
export function retryIn({ run, agent, attempts }: RetryFacts): number | undefined {
  const code = run.error?.code;
  if (run.status === 'failed' && code === 'conversation_missing') {
    return attempts.filter(({ error }) => error?.code === code).length === 1 ? 0 : undefined;
  }
  const { max = 0, backoffMs = 0 } = agent?.retries ?? {};
  const factor = factorOf(run);
  const tried = attempts.filter(attempt => attempt.id !== run.id && factorOf(attempt) !== undefined).length;
  if (factor === undefined || tried >= max) return undefined;
  return Math.min(longestBackoffMs, backoffMs * factor * 2 ** tried);
}

function factorOf({ status, error, startedAt }: Run): number | undefined {
  if (status === 'lost') return startedAt === undefined ? undefined : 1;
  if (status !== 'failed') return undefined;
  if (error?.code === 'unavailable') return 1;
  return error?.code === 'rate_limited' ? rateLimitFactor : undefined;
}
