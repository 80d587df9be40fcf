import type { ThreadId } from '../../base/ids.js';
import type { Chain } from './chain.js';

/** Port: the present chain of each thread that has one. */
export interface ChainStore {
  ofThread(thread: ThreadId): Chain | undefined;
  save(chain: Chain): void;
  remove(thread: ThreadId): void;
}

/** What a transaction needs that touches chains. */
export interface ChainStores {
  readonly chains: ChainStore;
}
