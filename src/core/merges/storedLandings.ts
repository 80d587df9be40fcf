import type { Store } from '../store.js';
import type { LandingJournal } from './landing.js';
import type { MergeStores } from './mergeStore.js';

/** The journal in the host's database: each entry is a transaction of its own, written before what it speaks of happens. */
export function storedLandings(store: Store<MergeStores>): LandingJournal {
  return {
    get: merge => store.read(stores => stores.landings.get(merge)),
    save: landing => store.transact(stores => stores.landings.save(landing)),
    remove: merge => store.transact(stores => stores.landings.remove(merge)),
    unfinished: () => store.read(stores => stores.landings.unfinished()),
  };
}
