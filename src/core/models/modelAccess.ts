import type { RunId } from '../../base/ids.js';
import type { FarAccess } from './farFacade.js';

/**
 * That a run reaches models through the host, and which. It outlives the run, so that people see which way it went; what it
 * opens is the token, whose digest is there while the run is.
 */
export interface ModelAccess {
  readonly run: RunId;
  /** SHA-256 of the token, in hexadecimal; missing once it was revoked, and for one that is signed. */
  readonly tokenHash?: string | undefined;
  /** Name of the upstream; missing: the usual one of each protocol. */
  readonly upstream?: string | undefined;
  /** Patterns of the models that may be called; none: every model. */
  readonly models: readonly string[];
  /** There when the run's calls go through a facade elsewhere. */
  readonly far?: FarAccess | undefined;
  /** Why the last call was refused that would have gone over a budget. */
  readonly overBudget?: string | undefined;
}
