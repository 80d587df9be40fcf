import type { Disposable } from '../../base/lifecycle.js';
import type { Store } from '../../core/store.js';

/** Events that the feed keeps: a client that was away longer gets a snapshot. */
const keptEvents = 100_000;
/** Entries per transaction, so that no dispatch ever waits behind a large deletion. */
const atOnce = 2_000;
const pauseMs = 50;
const everyMs = 600_000;

/** Drops old entries of the change feed, a little at a time, at the start and every ten minutes. */
export function trimFeed(store: Store): Disposable {
  let timer: NodeJS.Timeout;
  const plan = (ms: number): void => {
    timer = setTimeout(() => {
      const dropped = store.transact(stores => stores.events.prune(keptEvents, atOnce));
      plan(dropped === atOnce ? pauseMs : everyMs);
    }, ms).unref();
  };
  plan(1_000);
  return { dispose: () => clearTimeout(timer) };
}
