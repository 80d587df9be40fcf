import type { RunId } from '../../base/ids.js';
import type { Cap } from './budget.js';
import type { ModelCall, ModelCallEnd } from './modelCall.js';

/** A facade in a cluster: the service that runs reach, and how the cluster is found. */
export interface FarPlace {
  /** `name.namespace` of the service; tokens are for it alone. */
  readonly facade: string;
  readonly context?: string | undefined;
  /** Of the run's pods. */
  readonly namespace?: string | undefined;
}

/** That a run reaches models through a facade elsewhere, with a token that the host has signed. */
export interface FarAccess {
  readonly place: FarPlace;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
}

/** A cap with what was spent under it when it was looked at: dollars or tokens. */
export interface SpentCap extends Cap {
  readonly spent: number;
}

/** What a facade elsewhere tells of a call: what it came to, or that a budget kept it from beginning. */
export interface FarCall {
  readonly run: RunId;
  readonly refused?: string | undefined;
  readonly call?:
    | (Pick<ModelCall, 'upstream' | 'protocol' | 'model' | 'startedAt'> & {
        readonly requestBytes: number;
        readonly end: Omit<ModelCallEnd, 'costUsd'>;
      })
    | undefined;
}

/** Port: facades elsewhere, each one or several processes. */
export interface FarFacades {
  /**
   * Says the host's word to every process of the facade and resolves with what those answered that could be reached. Errors:
   * `sandbox.unavailable` when the cluster does not answer.
   */
  ask(place: FarPlace, word: string): Promise<readonly string[]>;
}
