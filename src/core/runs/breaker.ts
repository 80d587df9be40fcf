import type { Run } from './run.js';

/** Failures in a row after which a provider is left alone, and for how long. */
const threshold = 3;
const cooldownMs = 60_000;

/**
 * What is known of a provider that fails. One row a provider, so that it survives the host.
 *
 *   closed ──(threshold failures in a row)──► open ──(cooldown)──► half open: one run at a time
 *   half open ──(its run succeeds)──► closed        half open ──(it fails)──► open again
 *
 * Half open is derived from the time and from what runs: a probe that ends in any other way leaves nothing behind.
 */
export interface Breaker {
  readonly provider: string;
  /** In a row. */
  readonly failures: number;
  /** When the last failure that opened it was; missing: it is closed. */
  readonly openedAt?: number;
}

/** `closed`: runs start; `open`: none does; `half_open`: one does, to see. */
export type BreakerState = 'closed' | 'open' | 'half_open';

/** Port: breakers of providers. */
export interface BreakerStore {
  of(provider: string): Breaker | undefined;
  all(): readonly Breaker[];
  save(breaker: Breaker): void;
  remove(provider: string): void;
}

/** What a transaction needs that touches breakers. */
export interface BreakerStores {
  readonly breakers: BreakerStore;
}

/** Failures that are the provider's and not the task's. */
const ofProvider = new Set(['unavailable', 'rate_limited', 'quota', 'not_logged_in']);

/** Counts how a run of a built-in provider ended. A run that was cancelled, or failed for its own reasons, says nothing. */
export function noteEnd({ breakers }: BreakerStores, { provider, status, error }: Run, now: number): void {
  if (status === 'succeeded') {
    if (breakers.of(provider)) breakers.remove(provider);
    return;
  }
  if (status !== 'failed' || error === undefined || !ofProvider.has(error.code)) return;
  const failures = (breakers.of(provider)?.failures ?? 0) + 1;
  breakers.save({ provider, failures, ...(failures < threshold ? {} : { openedAt: now }) });
}

export function breakerState(breaker: Breaker | undefined, now: number): BreakerState {
  if (breaker?.openedAt === undefined) return 'closed';
  return now < closesAt(breaker.openedAt) ? 'open' : 'half_open';
}

/** When a run of the provider may be tried again. */
export function closesAt(openedAt: number): number {
  return openedAt + cooldownMs;
}

/** True when a run of the provider must wait, with so many of its runs at work. */
export function holdsBack(
  breaker: Breaker | undefined,
  { now, active }: { readonly now: number; readonly active: number },
): boolean {
  const state = breakerState(breaker, now);
  return state === 'open' || (state === 'half_open' && active > 0);
}
