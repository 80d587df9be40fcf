import type { ProjectId, RunId, ThreadId } from '../../base/ids.js';
import type { ModelProtocol } from './modelProtocol.js';
import type { TokenCounts } from './tokenCounts.js';

/** A call of a model by a run, or by a person when nothing of a run is there, from the moment it was let through. Times are milliseconds since the epoch. */
export interface ModelCall {
  readonly run?: RunId | undefined;
  readonly thread?: ThreadId | undefined;
  readonly project?: ProjectId | undefined;
  readonly agent?: string | undefined;
  readonly upstream: string;
  readonly protocol: ModelProtocol;
  readonly model: string;
  readonly startedAt: number;
}

/** What became of a call. */
export interface ModelCallEnd {
  /** HTTP status that the upstream answered with; 0 when it did not answer. */
  readonly status: number;
  /** Milliseconds to the first byte of the answer, and to its last. */
  readonly firstByteMs?: number | undefined;
  readonly totalMs: number;
  readonly tokens: TokenCounts;
  /** The answer broke off, or did not say what it used: the tokens were put together from its size. */
  readonly estimated: boolean;
  /** Dollars; missing for a model without a price. */
  readonly costUsd?: number | undefined;
}

/** What calls came to, added up. */
export interface Spent {
  readonly calls: number;
  readonly tokens: TokenCounts;
  readonly costUsd: number;
  /** Calls whose model has no price. */
  readonly unpriced: number;
}
