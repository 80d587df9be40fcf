import { isRunActive } from '../runs/run.js';
import type { RunStores } from '../runs/runStore.js';
import type { RecordedFire } from '../schedules/trigger.js';

/** What one trigger made of an event. Derived from its fire and the run. */
export type DeliveryState =
  /** It waits for its turn. */
  | 'matched'
  /** It failed, and waits for another attempt. */
  | 'retrying'
  /** Its run is queued or at work. */
  | 'run_started'
  /** Its run ended well. */
  | 'run_succeeded'
  /** Its run ended in any other way. */
  | 'run_failed'
  /** A policy of the trigger said no. */
  | 'skipped'
  /** Every attempt failed; `event replay` lets it be tried again. */
  | 'dead_letter';

/** What the deliveries of an event come to. */
export type EventState =
  /** No trigger hears it. */
  | 'no_subscriber'
  /** One waits for its turn. */
  | 'pending'
  /** One waits for another attempt. */
  | 'retrying'
  /** Each became a run, or was skipped. */
  | 'delivered'
  /** One was given up. */
  | 'dead_letter';

export interface Delivery {
  readonly fire: RecordedFire;
  readonly state: DeliveryState;
}

export function deliveryOf(stores: RunStores, fire: RecordedFire): Delivery {
  return { fire, state: stateOf(stores, fire) };
}

function stateOf(stores: RunStores, { outcome, attempts, runId }: RecordedFire): DeliveryState {
  switch (outcome) {
    case 'waiting':
      return attempts > 0 ? 'retrying' : 'matched';
    case 'failed':
      return 'dead_letter';
    case 'skipped':
    case 'missed':
      return 'skipped';
    case 'started': {
      const status = runId === undefined ? undefined : stores.runs.get(runId)?.status;
      if (status === undefined || isRunActive(status)) return 'run_started';
      return status === 'succeeded' ? 'run_succeeded' : 'run_failed';
    }
  }
}

/** The worst of them speaks for the event. */
export function eventState(deliveries: readonly Delivery[]): EventState {
  const has = (state: DeliveryState): boolean => deliveries.some(each => each.state === state);
  if (deliveries.length === 0) return 'no_subscriber';
  if (has('dead_letter')) return 'dead_letter';
  if (has('retrying')) return 'retrying';
  return has('matched') ? 'pending' : 'delivered';
}
