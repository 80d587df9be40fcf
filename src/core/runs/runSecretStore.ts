import type { RunId } from '../../base/ids.js';

/** Port: digests of the secrets that runs were given, as JSON text. */
export interface RunSecretStore {
  save(run: RunId, digests: string): void;
  /** `undefined` for a run that was never prepared. */
  of(run: RunId): string | undefined;
}

/** What a transaction needs that touches the secrets of runs. */
export interface RunSecretStores {
  readonly runSecrets: RunSecretStore;
}
