/** Rows that nothing needs but people who look back. */
export type RecordKind = 'fire' | 'script run' | 'model call';

/** Port: such rows, of what is over. */
export interface RecordStore {
  /** How many are older, and from when the oldest is; kinds without any are left out. */
  older(than: number): readonly { readonly kind: RecordKind; readonly count: number; readonly oldest: number }[];
  /** Removes the oldest of them, at most `limit`; answers how many went. */
  prune(kind: RecordKind, options: { readonly than: number; readonly limit: number }): number;
}

/** What a transaction needs that lets go of them. */
export interface RecordStores {
  readonly records: RecordStore;
}
